#!/usr/bin/env bash
# Six fake clocks for Go (Debian 12: benbjohnson/clock 1.3.0, facebookgo/clock of 2015-04-10, jonboulle/clockwork 0.1.0, juju/clock 1.0.2, jmhodges/clock 1.0,
# pivotal-golang/clock of 2015-10-18): a node beats, waits a second and beats again, and the test moves the clock by ten seconds. Guessed: ten beats,
# at 1 s, 2 s and so on, or else all six do the same. Seen: ten with the first two, which stop at each instant that is due; one, at 10 s, with
# the others, which jump: whatever begins at a timer begins at the end of the leap. And jmhodges' Sleep moves the clock itself, so that two
# nodes that sleep ten seconds side by side take twenty.
# Bears on us: simulated time goes from one instant at which something is due to the next (Sources/Simulator/Stage.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 golang-github-benbjohnson-clock-dev=1.3.0-1 \
  golang-github-facebookgo-clock-dev=0.0~git20150410.0.600d898-7 golang-github-jonboulle-clockwork-dev=0.1.0-4.1 golang-github-jmhodges-clock-dev=1.0-3.1 \
  golang-github-pivotal-golang-clock-dev=0.0~git20151018.0.3fd3c19-2.1 golang-github-juju-clock-dev=1.0.2-2 golang-github-juju-errors-dev=1.0.0-1 \
  golang-github-juju-loggo-dev=1.0.0-1 golang-github-juju-ansiterm-dev=1.0.0-1 golang-github-lunixbochs-vtclean-dev=1.0.0-1 \
  golang-github-mattn-go-isatty-dev=0.0.17-1 golang-github-mattn-go-colorable-dev=0.1.13-1 golang-golang-x-sys-dev=0.3.0-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
mkdir -p src/finding
cat > src/finding/main.go <<'GO'
package main

import (
	"fmt"
	"os"
	"time"

	benbjohnson "github.com/benbjohnson/clock"
	facebookgo "github.com/facebookgo/clock"
	jmhodges "github.com/jmhodges/clock"
	jonboulle "github.com/jonboulle/clockwork"
	juju "github.com/juju/clock/testclock"
	pivotal "github.com/pivotal-golang/clock/fakeclock"
)

// How often a node has beaten, and when first, in seconds.
func beats(now func() time.Time, after func(time.Duration) <-chan time.Time, advance func(time.Duration)) string {
	start, seen, due := now(), make(chan float64, 100), after(time.Second)
	go func() {
		for ; ; due = after(time.Second) {
			<-due
			seen <- now().Sub(start).Seconds()
		}
	}()
	advance(10 * time.Second)
	time.Sleep(300 * time.Millisecond)
	count := len(seen)
	return fmt.Sprint(count, " from ", <-seen, " s")
}

func main() {
	a, b, c, d := benbjohnson.NewMock(), facebookgo.NewMock(), jonboulle.NewFakeClock(), juju.NewClock(time.Unix(0, 0))
	e, f := jmhodges.NewFake(), pivotal.NewFakeClock(time.Unix(0, 0))
	stepping := []string{beats(a.Now, a.After, a.Add), beats(b.Now, b.After, b.Add)}
	jumping := []string{
		beats(c.Now, c.After, c.Advance), beats(d.Now, d.After, d.Advance), beats(e.Now, e.After, e.Add),
		beats(f.Now, func(wait time.Duration) <-chan time.Time { return f.NewTimer(wait).C() }, f.Increment),
	}
	sleepers, done := jmhodges.NewFake(), make(chan bool)
	start := sleepers.Now()
	for i := 0; i < 2; i++ {
		go func() { sleepers.Sleep(10 * time.Second); done <- true }()
	}
	<-done
	<-done
	slept := sleepers.Now().Sub(start)
	fmt.Println("benbjohnson, facebookgo:", stepping, "- clockwork, juju, jmhodges, pivotal:", jumping, "- two sleepers with jmhodges:", slept)
	for _, one := range stepping {
		if one != "10 from 1 s" {
			os.Exit(1)
		}
	}
	for _, one := range jumping {
		if one != "1 from 10 s" {
			os.Exit(1)
		}
	}
	if slept != 20*time.Second {
		os.Exit(1)
	}
}
GO
GO111MODULE=off GOPATH=$dir:$dir/usr/share/gocode GOROOT=$dir/usr/lib/go-1.19 GOCACHE=$dir/cache GOFLAGS=-p=1 usr/lib/go-1.19/bin/go run finding
