// SPDX-License-Identifier: GPL-2.0-or-later

// Works for so many seconds in functions whose names are known.
package main

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"time"
)

type box struct{ n int }

//go:noinline
func leafGo(n int) float64 {
	sum := 0.0
	for i := 0; i < n; i++ {
		sum += math.Sqrt(float64(i))
	}
	return sum
}

//go:noinline
func (b *box) middleGo(n int) float64 { return leafGo(n*b.n) + 1 }

func main() {
	seconds, _ := strconv.ParseFloat(os.Args[1], 64)
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	b, sum := &box{2}, 0.0
	for time.Now().Before(end) {
		sum += b.middleGo(10000)
	}
	fmt.Println(sum)
}
