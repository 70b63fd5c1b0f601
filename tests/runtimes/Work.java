// SPDX-License-Identifier: GPL-2.0-or-later
// Works for so many seconds in functions whose names are known.
public class Work {
	static double leafJava(int n) {
		double sum = 0;
		for (int i = 0; i < n; i++)
			sum += Math.sqrt(i);
		return sum;
	}
	static double middleJava(int n) { return leafJava(n) + 1; }
	public static void main(String[] args) {
		long end = System.currentTimeMillis() + 1000 * Long.parseLong(args[0]);
		double sum = 0;
		while (System.currentTimeMillis() < end)
			sum += middleJava(10000);
		System.out.println(sum);
	}
}
