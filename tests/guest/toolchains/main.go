// Goroutines, channels, maps, interfaces, recovered panics, timers, garbage collection.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sort"
	"strings"
	"sync"
	"time"
)

type shape interface{ area() float64 }
type square struct{ side float64 }
type circle struct{ radius float64 }

func (s square) area() float64 { return s.side * s.side }
func (c circle) area() float64 { return 3.140625 * c.radius * c.radius }

func recovered(index int) (text string) {
	defer func() { text = fmt.Sprint("recovered: ", recover()) }()
	numbers := []int{1, 2, 3}
	return fmt.Sprint(numbers[index])
}

func nilPointer() (text string) {
	defer func() { text = fmt.Sprint("recovered: ", recover()) }()
	var s *square
	return fmt.Sprint(s.area())
}

func primes(limit int, out chan<- int) {
	defer close(out)
	for n := 2; n < limit; n++ {
		prime := true
		for d := 2; d*d <= n; d++ {
			if n%d == 0 {
				prime = false
				break
			}
		}
		if prime {
			out <- n
		}
	}
}

func main() {
	out := make(chan int)
	go primes(1000, out)
	count, sum := 0, 0
	for n := range out {
		count++
		sum += n
	}
	fmt.Println(count, sum)

	var wait sync.WaitGroup
	var lock sync.Mutex
	totals := map[string]int{}
	for i := 0; i < 20; i++ {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			for k := 0; k < 100; k++ {
				lock.Lock()
				totals[fmt.Sprint("key", (i*k)%7)] += i
				lock.Unlock()
				if k%10 == 0 {
					runtime.Gosched()
				}
			}
		}(i)
	}
	wait.Wait()
	keys := []string{}
	for k := range totals {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		fmt.Print(k, "=", totals[k], " ")
	}
	fmt.Println()
	fmt.Println(recovered(5))
	fmt.Println(nilPointer())
	for _, s := range []shape{square{3}, circle{2}} {
		fmt.Printf("%T %.4f\n", s, s.area())
	}
	select {
	case <-time.After(20 * time.Millisecond):
		fmt.Println("timeout")
	}
	garbage := 0
	for i := 0; i < 200; i++ {
		garbage += len(strings.Repeat("x", 10000+i))
	}
	runtime.GC()
	fmt.Println(garbage, os.Args[1:])
	if _, err := os.Open("/does/not/exist"); errors.Is(err, os.ErrNotExist) {
		fmt.Println("no such file")
	}
	os.Exit(3)
}
