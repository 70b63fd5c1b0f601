% SPDX-License-Identifier: GPL-2.0-or-later
% Works for so many seconds in functions whose names are known.
-module(work).
-export([main/1, leaf/2, middle/1, run/1]).
leaf(0, Sum) -> Sum;
leaf(N, Sum) -> leaf(N - 1, (Sum * 31 + N) rem 1000003).
middle(N) -> leaf(N, 1) + 1.
run(End) ->
	middle(100000),
	case erlang:monotonic_time(millisecond) > End of
		true -> ok;
		_ -> run(End)
	end.
main([Seconds]) ->
	run(erlang:monotonic_time(millisecond) + 1000 * list_to_integer(atom_to_list(Seconds))),
	halt().
