// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

const limit = 15 * time.Second

var (
	port   = os.Args[1]
	folder = os.Getenv("INTEROP_HERE")
	count  = 0
)

// A scenario fails by panicking with what was wrong.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func same(got, wanted interface{}) {
	if !reflect.DeepEqual(got, wanted) {
		panic(fmt.Sprintf("%v instead of %v", got, wanted))
	}
}

func truth(ok bool, what string) {
	if !ok {
		panic(what)
	}
}

func name() string {
	count++
	return fmt.Sprintf("m-%d-%d", os.Getpid(), count)
}

func broker(verb string) {
	must(exec.Command(filepath.Join(folder, "..", "broker.sh"), verb).Run())
}

func pattern(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(i * 7 % 251)
	}
	return out
}

// A scenario of which the client can do only a part; why says what it cannot do.
type part struct {
	why string
	run func()
}

// What was wrong with the scenario, or nothing.
func trouble(run func()) (text string) {
	done := make(chan string, 1)
	go func() {
		defer func() {
			if e := recover(); e != nil {
				done <- fmt.Sprintf("%.500s", strings.Join(strings.Fields(fmt.Sprint(e)), " "))
			} else {
				done <- ""
			}
		}()
		run()
	}()
	select {
	case text = <-done:
		return text
	case <-time.After(limit):
		return fmt.Sprintf("not done in %v", limit)
	}
}

// A driver has a function for each scenario, under the name it has in ../scenarios.tsv; a string
// instead of a function says why the client has no way to do it, and a part what it can do of it.
// Numbers behind the port choose.
func scenarios(cases map[string]interface{}) {
	text, err := os.ReadFile(filepath.Join(folder, "..", "scenarios.tsv"))
	must(err)
	chosen := " " + strings.Join(os.Args[2:], " ") + " "
	failed := 0
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		number, what := line[:2], strings.Split(line, "\t")[1]
		if len(os.Args) > 2 && !strings.Contains(chosen, " "+number+" ") {
			continue
		}
		verdict, tail, text := "ok", "", ""
		switch each := cases[what].(type) {
		case string:
			verdict, tail = "none", ": "+each
		case part:
			verdict, tail, text = "part", ": "+each.why, trouble(each.run)
		case func():
			text = trouble(each)
		}
		if text != "" {
			failed++
			verdict, tail = "FAIL", ": "+text
		}
		fmt.Printf("%s %s %s%s\n", verdict, number, what, tail)
	}
	if failed > 0 {
		os.Exit(1)
	}
}
