// SPDX-License-Identifier: GPL-2.0-or-later
// chain MILLISECONDS: C++ whose stacks are known: main, alpha<int>, Beta::call, gamma<...>, then a virtual function of Delta or Epsilon, then
// a leaf: alone, in std::sort with a comparison of its own, in libstdc++, in an exception that passes frames and is caught, in a virtual base.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <locale>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#define FRAME __attribute__((noipa))

namespace work {

volatile unsigned long sink;

inline void back()
{
	sink = sink + 1;
}

template <typename T> struct Less {
	FRAME bool operator()(const T &a, const T &b) const { return a < b; }
};

template <typename T> FRAME void leaf_sort()
{
	std::vector<T> numbers(200);
	Less<T> less;

	for (unsigned int i = 0; i < numbers.size(); i++)
		numbers[i] = i * 2654435761U;
	std::sort(numbers.begin(), numbers.end(), std::ref(less));
	sink = sink + numbers[3];
}

template <unsigned int N> FRAME void leaf_spin()
{
	unsigned long x = sink;

	for (unsigned int i = 0; i < N; i++)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	sink = x;
}

struct Trouble : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/* Objects on the way, so that each frame has something to do when the exception passes. */
template <unsigned int N> struct Thrower {
	FRAME static void pass(const std::string &why)
	{
		std::string mine = why + char('a' + N % 26);
		Thrower<N - 1>::pass(mine);
		back();
	}
};

template <> struct Thrower<0> {
	FRAME static void pass(const std::string &why) { throw Trouble(why); }
};

FRAME void leaf_throw()
{
	for (int i = 0; i < 4; i++) {
		try {
			Thrower<6>::pass("trouble with a name that does not fit into the string itself");
		} catch (const Trouble &trouble) {
			sink = sink + std::strlen(trouble.what());
		}
	}
}

FRAME void leaf_stream()
{
	std::ostringstream out;

	for (int i = 0; i < 60; i++)
		out << i * 3.25 << ' ';
	sink = sink + out.str().size();
}

struct Base {
	virtual ~Base() = default;
	virtual void run(unsigned int n) = 0;
};

struct Delta : virtual Base {
	FRAME void run(unsigned int n) override
	{
		if (n & 1)
			leaf_sort<unsigned int>();
		else
			leaf_spin<20000>();
		back();
	}
};

struct Epsilon : virtual Base {
	FRAME void run(unsigned int n) override
	{
		if (n & 1)
			leaf_throw();
		else
			leaf_stream();
		back();
	}
};

template <typename K, typename V> FRAME void gamma(const std::map<K, V *> &which, unsigned int n)
{
	which.find(n / 2)->second->run(n);
	back();
}

struct Beta {
	Delta delta;
	Epsilon epsilon;
	std::map<unsigned int, Base *> which{ { 0, &delta }, { 1, &epsilon } };

	FRAME void call(unsigned int n) const
	{
		gamma(which, n);
		back();
	}
};

template <typename T> FRAME void alpha(const Beta &beta, T n)
{
	beta.call(n);
	back();
}

FRAME long long now_ms()
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

}

int main(int argc, char **argv)
{
	long long end = work::now_ms() + (argc > 1 ? std::atoi(argv[1]) : 1000);
	work::Beta beta;
	int n = 0;

	do
		work::alpha<int>(beta, n++ % 4);
	while (work::now_ms() < end);
	return 0;
}
