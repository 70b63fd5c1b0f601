// SPDX-License-Identifier: GPL-2.0-or-later

// chain MILLISECONDS: Go whose stacks are known: main.main, alpha, beta, gamma, then delta or epsilon through an interface, then a leaf: alone, in
// package sort with a function of its own, in strconv, in memmove, in a system call.
package main

import (
	"os"
	"sort"
	"strconv"
	"syscall"
	"time"
)

var sink uint64
var zero int
var from, to [32 << 10]byte

//go:noinline
func leafSpin(x uint64) {
	for i := 0; i < 20000; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	sink += x
}

type byLow []uint32

//go:noinline
func (n byLow) Len() int { return len(n) }

//go:noinline
func (n byLow) Less(i, j int) bool { return n[i]&0xffff < n[j]&0xffff }

//go:noinline
func (n byLow) Swap(i, j int) { n[i], n[j] = n[j], n[i] }

//go:noinline
func leafSort(seed uint64) {
	var numbers [200]uint32
	for i := range numbers {
		numbers[i] = (uint32(i) + uint32(seed)) * 2654435761
	}
	sort.Sort(byLow(numbers[:]))
	sink += uint64(numbers[7])
}

//go:noinline
func leafParse(seed uint64) {
	var text [64]byte
	for i := 0; i < 60; i++ {
		at := strconv.AppendFloat(text[:0], float64(i)+float64(seed)/7, 'g', 17, 64)
		value, _ := strconv.ParseFloat(string(at), 64)
		sink += uint64(value)
	}
}

//go:noinline
func leafCopy(n int) {
	for i := 0; i < 8; i++ {
		copy(to[:n], from[:n])
		from[i] = to[i+1]
	}
	sink++
}

//go:noinline
func leafRead() {
	var buffer [4096]byte
	for i := 0; i < 8; i++ {
		syscall.Read(zero, buffer[:])
	}
	sink++
}

type step interface{ run(n int) }
type delta struct{}
type epsilon struct{}

//go:noinline
func (*delta) run(n int) {
	if n == 0 {
		leafSpin(sink)
	} else {
		leafSort(uint64(n))
	}
	sink++
}

//go:noinline
func (*epsilon) run(n int) {
	switch n {
	case 2:
		leafParse(uint64(n))
	case 3:
		leafCopy(len(to))
	default:
		leafRead()
	}
	sink++
}

//go:noinline
func gamma(s step, n int) {
	s.run(n)
	sink++
}

//go:noinline
func beta(n int) {
	if n < 2 {
		gamma(&delta{}, n)
	} else {
		gamma(&epsilon{}, n)
	}
	sink++
}

//go:noinline
func alpha(n int) {
	beta(n)
	sink++
}

func main() {
	limit := 1000
	if len(os.Args) > 1 {
		limit, _ = strconv.Atoi(os.Args[1])
	}
	zero, _ = syscall.Open("/dev/zero", syscall.O_RDONLY, 0)
	end := time.Now().Add(time.Duration(limit) * time.Millisecond)
	for n := 0; time.Now().Before(end); n++ {
		alpha(n % 5)
	}
}
