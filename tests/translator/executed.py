"""Compares what qemu-user executed with what discovery found.

executed.py TRACE STATS START END
TRACE is the log of -d nochain,exec, STATS the output of discover_stats --blocks.  Prints the addresses
in [START, END) that were executed and lie in no block, and the indirect jumps that went elsewhere than
to one of their targets.
"""
import bisect
import re
import sys


def main():
    trace, stats, start, end = sys.argv[1:]
    start, end = int(start, 0), int(end, 0)
    blocks, targets = {}, {}
    with open(stats, encoding="ascii", errors="replace") as lines:
        for line in lines:
            words = line.split()
            if words[0] == "block":
                blocks[int(words[1], 16)] = int(words[2], 16), words[3]
            elif words[0] == "target":
                targets.setdefault(int(words[1], 16), set()).add(int(words[2], 16))
    starts = sorted(blocks)
    seen, bad, previous = set(), set(), None
    jumps = 0
    with open(trace, encoding="ascii", errors="replace") as lines:
        for line in lines:
            found = re.match(r"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/", line)
            if not found:
                continue
            pc = int(found[1], 16)
            block = None
            if start <= pc < end:
                i = bisect.bisect(starts, pc) - 1
                if i >= 0 and blocks[starts[i]][0] > pc:
                    block = starts[i]
                elif pc not in seen:
                    print("executed, in no block: %#x" % pc)
                seen.add(pc)
            # qemu's blocks may end early (at a page's end), never late: the last one that started
            # in a block with a jump table, and was followed by a block elsewhere, took the jump.
            if previous is not None:
                last, kind = blocks[previous]
                if kind == "jump_indirect" and last in targets and block != previous:
                    jumps += 1
                    if pc not in targets[last] and (last, pc) not in bad:
                        bad.add((last, pc))
                        print("jump before %#x went to %#x" % (last, pc))
            previous = block
    print("%d places executed, %d jumps through tables" % (len(seen), jumps), file=sys.stderr)
    if not seen:
        print("nothing was executed")


main()
