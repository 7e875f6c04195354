"""KeyedGenerator in Python: the independent half of the golden streams, and the source of the inputs of other
targets' goldens (their scripts import it, so that no input has to be stored)."""

MASK = (1 << 64) - 1
INCREMENT = 0x9E3779B97F4A7C15


def mix(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


class KeyedGenerator:
    def __init__(self, *key):
        state = mix(len(key))
        for part in key:
            state = mix(((state + INCREMENT) & MASK) ^ mix((part + INCREMENT) & MASK))
        self.state = state

    def next(self):
        self.state = (self.state + INCREMENT) & MASK
        return mix(self.state)

    def uniform(self, low=0.0, high=1.0):
        return low + (high - low) * ((self.next() >> 11) * 2.0**-53)

    def integer(self, bound):
        product = self.next() * bound
        threshold = (2**64 - bound) % bound
        while (product & MASK) < threshold:
            product = self.next() * bound
        return product >> 64

    def permutation(self, count):
        order = list(range(count))
        for last in range(count - 1, 0, -1):
            other = self.integer(last + 1)
            order[last], order[other] = order[other], order[last]
        return order


def tensor(key, shape, low=-1.0, high=1.0):
    """float32 numbers uniform in [low, high) from the stream named by `key`, in row-major order."""
    import torch

    generator = KeyedGenerator(*key)
    count = 1
    for extent in shape:
        count *= extent
    values = [generator.uniform(low, high) for _ in range(count)]
    return torch.tensor(values, dtype=torch.float64).to(torch.float32).reshape(shape)
