import Testing

import KeyedRandom
