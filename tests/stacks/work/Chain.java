// SPDX-License-Identifier: GPL-2.0-or-later
// Chain MILLISECONDS [READY]: Java whose stacks are known: in a thread 'chain' run, round, alpha, beta, gamma, then Delta or Epsilon through an
// interface, then a leaf: alone, in Arrays.sort with a comparison of its own, in the parser of numbers, in native code of the runtime.
// It creates the file READY once its methods are compiled.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.zip.CRC32;

public final class Chain {
	static long sink;
	static final byte[] bytes = new byte[64 << 10];

	static void leafSpin(long x) {
		for (int i = 0; i < 20000; i++)
			x = x * 6364136223846793005L + 1442695040888963407L;
		sink += x;
	}

	static final class ByLow implements Comparator<Integer> {
		public int compare(Integer a, Integer b) {
			return (a & 0xffff) - (b & 0xffff);
		}
	}

	static final ByLow byLow = new ByLow();

	static void leafSort(int seed) {
		Integer[] numbers = new Integer[200];
		for (int i = 0; i < numbers.length; i++)
			numbers[i] = (i + seed) * -1640531535;
		Arrays.sort(numbers, byLow);
		sink += numbers[7];
	}

	static void leafParse(int seed) {
		for (int i = 0; i < 40; i++)
			sink += (long)Double.parseDouble(i + "." + seed + "4142135623730950488");
	}

	static void leafCrc() {
		CRC32 crc = new CRC32();
		crc.update(bytes);
		sink += crc.getValue();
	}

	static void leafClock() {
		for (int i = 0; i < 300; i++)
			sink += System.nanoTime();
	}

	interface Step {
		void run(int n);
	}

	static final class Delta implements Step {
		public void run(int n) {
			if (n == 0)
				leafSpin(sink);
			else
				leafSort(n);
			sink++;
		}
	}

	static final class Epsilon implements Step {
		public void run(int n) {
			if (n == 2)
				leafParse(n);
			else if (n == 3)
				leafCrc();
			else
				leafClock();
			sink++;
		}
	}

	static final Step delta = new Delta(), epsilon = new Epsilon();

	static void gamma(Step step, int n) {
		step.run(n);
		sink++;
	}

	static void beta(int n) {
		gamma(n < 2 ? delta : epsilon, n);
		sink++;
	}

	static void alpha(int n) {
		beta(n);
		sink++;
	}

	static void round() {
		for (int n = 0; n < 5; n++)
			alpha(n);
		sink++;
	}

	static void rounds() {
		for (int i = 0; i < 20; i++)
			round();
		sink++;
	}

	static void run(long millis) {
		long end = System.currentTimeMillis() + millis;
		while (System.currentTimeMillis() < end)
			rounds();
	}

	public static void main(String[] args) throws Exception {
		Thread thread = new Thread(() -> {
			run(12000);
			try {
				if (args.length > 1)
					Files.createFile(Path.of(args[1]));
			} catch (Exception e) {
				throw new RuntimeException(e);
			}
			run(args.length > 0 ? Long.parseLong(args[0]) : 1000);
		}, "chain");
		thread.start();
		thread.join();
	}
}
