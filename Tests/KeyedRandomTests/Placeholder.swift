import KeyedRandom
import Testing
