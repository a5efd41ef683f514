// A broadcast node: every 200 ms each node sends each other one what that has not confirmed. A goroutine for each message.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"sort"
	"sync"
	"time"
)

type body struct {
	Type      string   `json:"type"`
	MsgID     int      `json:"msg_id,omitempty"`
	InReplyTo int      `json:"in_reply_to,omitempty"`
	NodeID    string   `json:"node_id,omitempty"`
	NodeIDs   []string `json:"node_ids,omitempty"`
	Message   int      `json:"message,omitempty"`
	Messages  *[]int   `json:"messages,omitempty"`
	Values    []int    `json:"values,omitempty"`
}

type message struct {
	Src  string `json:"src"`
	Dest string `json:"dest"`
	Body body   `json:"body"`
}

var (
	lock    sync.Mutex
	me      string
	peers   []string
	values  = map[int]bool{}
	missing = map[string]map[int]bool{}
)

func send(dest string, b body) {
	line, _ := json.Marshal(message{me, dest, b})
	os.Stdout.Write(append(line, '\n'))
}

// In an order of their own: that of a Go map differs each time.
func sorted(set map[int]bool) []int {
	list := []int{}
	for value := range set {
		list = append(list, value)
	}
	sort.Ints(list)
	return list
}

func add(value int) {
	if values[value] {
		return
	}
	values[value] = true
	for _, set := range missing {
		set[value] = true
	}
}

func gossip() {
	for range time.NewTicker(200 * time.Millisecond).C {
		lock.Lock()
		for _, peer := range peers {
			if len(missing[peer]) > 0 {
				send(peer, body{Type: "gossip", Values: sorted(missing[peer])})
			}
		}
		lock.Unlock()
	}
}

func handle(m message) {
	lock.Lock()
	defer lock.Unlock()
	reply := body{Type: m.Body.Type + "_ok", InReplyTo: m.Body.MsgID}
	switch m.Body.Type {
	case "init":
		me = m.Body.NodeID
		for _, node := range m.Body.NodeIDs {
			if node != me {
				peers = append(peers, node)
				missing[node] = map[int]bool{}
			}
		}
		go gossip()
	case "broadcast":
		add(m.Body.Message)
	case "read":
		list := sorted(values)
		reply.Messages = &list
	case "gossip":
		for _, value := range m.Body.Values {
			add(value)
		}
		send(m.Src, body{Type: "got", Values: m.Body.Values})
		return
	case "got":
		for _, value := range m.Body.Values {
			delete(missing[m.Src], value)
		}
		return
	}
	send(m.Src, reply)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var m message
		if json.Unmarshal(lines.Bytes(), &m) == nil {
			go handle(m)
		}
	}
}
