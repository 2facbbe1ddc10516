"""Objects, dictionaries, lists and generators: queens on a board, a made-up language's words, a small simulation."""

import heapq
import sys
from collections import Counter


class Random:
    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 1664525 + 1013904223) & 0xFFFFFFFF
        return (self.state >> 8) % limit


def queens(size, row=0, columns=0, left=0, right=0):
    if row == size:
        return 1
    free = ~(columns | left | right) & ((1 << size) - 1)
    count = 0
    while free:
        place = free & -free
        free ^= place
        count += queens(size, row + 1, columns | place, (left | place) << 1, (right | place) >> 1)
    return count


def words(random, count):
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
    text = " ".join(
        "".join(syllables[random.below(20)] for _ in range(1 + random.below(3))) for _ in range(count)
    )
    counted = Counter(text.split())
    common = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return len(counted), common[:2], sum(len(word) * times for word, times in counted.items())


class Customer:
    def __init__(self, number, arrived):
        self.number = number
        self.arrived = arrived


def shop(random, customers):
    """Customers come, wait for one of three clerks, and leave."""
    events = []
    time = 0
    for number in range(customers):
        time += random.below(40)
        heapq.heappush(events, (time, number, Customer(number, time)))
    clerks = [0, 0, 0]
    waited = 0
    while events:
        time, _, customer = heapq.heappop(events)
        clerk = min(range(3), key=clerks.__getitem__)
        start = max(time, clerks[clerk])
        waited += start - customer.arrived
        clerks[clerk] = start + 10 + random.below(90)
    return waited, max(clerks)


random = Random(1)
for _ in range(int(sys.argv[1])):
    print(queens(7), words(random, 8000), shop(random, 5000))
