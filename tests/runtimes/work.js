// SPDX-License-Identifier: GPL-2.0-or-later
// Works for so many seconds in functions whose names are known.
function leafJs(n) {
	let sum = 0;
	for (let i = 0; i < n; i++)
		sum += Math.sqrt(i);
	return sum;
}
function middleJs(n) { return leafJs(n) + 1; }
const end = Date.now() + 1000 * Number(process.argv[2]);
let sum = 0;
while (Date.now() < end)
	sum += middleJs(10000);
console.log(sum);
