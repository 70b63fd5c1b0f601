// SPDX-License-Identifier: GPL-2.0-or-later
// chain.js MILLISECONDS [READY]: JavaScript whose stacks are known: round, alpha, beta, gamma, then delta or epsilon, then a leaf: alone, in
// Array.prototype.sort with a function of its own, in JSON, in a regular expression. It creates the file READY once its functions are compiled.
'use strict';
const fs = require('fs');

let sink = 0;

function leafSpin(n) {
	let x = n | 0;
	for (let i = 0; i < 20000; i++)
		x = (Math.imul(x, 1664525) + 1013904223) | 0;
	sink ^= x;
}

function byLow(a, b) {
	return (a & 0xffff) - (b & 0xffff);
}

function leafSort(n) {
	const numbers = [];
	for (let i = 0; i < 200; i++)
		numbers.push(Math.imul(i + n, 2654435761) >>> 1);
	numbers.sort(byLow);
	sink ^= numbers[7];
}

function leafJson(n) {
	const text = JSON.stringify({ name: 'n' + n, list: [n, 2.5, 'x'.repeat(50), { deep: [1, 2, 3, n] }] });
	for (let i = 0; i < 20; i++)
		sink ^= JSON.parse(text).list[0];
}

const words = 'the quick brown fox 12 jumps over 345 lazy dogs '.repeat(20);
const pattern = /([a-z]+) (\d+)/g;

function leafMatch(n) {
	let found = n;
	for (let i = 0; i < 4; i++) {
		pattern.lastIndex = 0;
		while (pattern.exec(words))
			found++;
	}
	sink ^= found;
}

function delta(n) {
	if (n === 0)
		leafSpin(n);
	else
		leafSort(n);
	sink++;
}

function epsilon(n) {
	if (n === 2)
		leafJson(n);
	else
		leafMatch(n);
	sink++;
}

function gamma(n) {
	if (n < 2)
		delta(n);
	else
		epsilon(n);
	sink++;
}

function beta(n) {
	gamma(n);
	sink++;
}

function alpha(n) {
	beta(n);
	sink++;
}

function round() {
	for (let n = 0; n < 4; n++)
		alpha(n);
	sink++;
}

function run(time) {
	const end = Date.now() + time;
	while (Date.now() < end)
		for (let i = 0; i < 20; i++)
			round();
}

/* Many short runs, so that everything is called often enough to be optimized; the last one is long. */
for (let i = 0; i < 60; i++)
	run(50);
if (process.argv.length > 3)
	fs.writeFileSync(process.argv[3], '');
run(Number(process.argv[2] || 1000));
