// SPDX-License-Identifier: Apache-2.0

// A Go service whose broker is killed -9 and started again, again and again. A publisher sends
// numbers and sends again what was not confirmed; a consumer acks what it has noted. Both connect
// again when the connection is gone, as the documentation of the client tells one to. Every number
// must arrive.
//
// usage: main PORT MESSAGES KILLS BROKER.SH
package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const queue = "recover"

var confirmed, received atomic64

type atomic64 struct{ n int64 }

func (a *atomic64) add()       { atomic.AddInt64(&a.n, 1) }
func (a *atomic64) get() int64 { return atomic.LoadInt64(&a.n) }

func open(url string) (*amqp.Connection, *amqp.Channel) {
	for {
		if c, err := amqp.Dial(url); err == nil {
			if ch, err := c.Channel(); err == nil {
				if _, err := ch.QueueDeclare(queue, true, false, false, false, nil); err == nil {
					return c, ch
				}
			}
			c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Sends the numbers that are not done yet, in windows; what was not confirmed stays.
func publish(url string, total int) {
	done := make([]bool, total)
	for first := 0; first < total; {
		c, ch := open(url)
		if ch.Confirm(false) != nil {
			c.Close()
			continue
		}
		confirms := ch.NotifyPublish(make(chan amqp.Confirmation, 64))
		for first < total {
			window := []int{}
			for n := first; n < total && len(window) < 50; n++ {
				if !done[n] {
					window = append(window, n)
				}
			}
			base := ch.GetNextPublishSeqNo()
			for _, n := range window {
				if ch.Publish("", queue, false, false, amqp.Publishing{
					DeliveryMode: amqp.Persistent, Body: []byte(strconv.Itoa(n))}) != nil {
					break
				}
			}
			alive := true
			for range window {
				confirm, ok := <-confirms
				if !ok {
					alive = false
					break
				}
				if confirm.Ack {
					done[window[confirm.DeliveryTag-base]] = true
					confirmed.add()
				}
			}
			for first < total && done[first] {
				first++
			}
			if !alive {
				break
			}
		}
		c.Close()
	}
}

func consume(url string, seen []int32) {
	for {
		c, ch := open(url)
		ch.Qos(100, 0, false)
		deliveries, err := ch.Consume(queue, "", false, false, false, false, nil)
		if err == nil {
			for d := range deliveries {
				n, _ := strconv.Atoi(string(d.Body))
				if atomic.AddInt32(&seen[n], 1) == 1 {
					received.add()
				}
				d.Ack(false)
			}
		}
		c.Close()
	}
}

func main() {
	url := "amqp://guest:guest@127.0.0.1:" + os.Args[1] + "/"
	total, _ := strconv.Atoi(os.Args[2])
	kills, _ := strconv.Atoi(os.Args[3])
	seen := make([]int32, total)
	go publish(url, total)
	go consume(url, seen)
	for k := 1; k <= kills; k++ {
		for end := time.Now().Add(30 * time.Second); confirmed.get() < int64(total*k/(kills+1)) &&
			time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		for _, verb := range []string{"crash", "start"} {
			if out, err := exec.Command(os.Args[4], verb).CombinedOutput(); err != nil {
				fmt.Printf("FAIL broker.sh %s: %s\n", verb, out)
				os.Exit(1)
			}
		}
	}
	end := time.Now().Add(60 * time.Second)
	for received.get() < int64(total) && time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
	again := 0
	for _, n := range seen {
		if n > 1 {
			again++
		}
	}
	fmt.Printf("%d kills, %d confirmed, %d received, %d of them more than once\n", kills,
		confirmed.get(), received.get(), again)
	if received.get() < int64(total) {
		fmt.Println("FAIL a Go service recovers and loses nothing")
		os.Exit(1)
	}
	fmt.Println("ok a Go service recovers and loses nothing")
}
