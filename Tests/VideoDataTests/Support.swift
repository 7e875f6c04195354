import Foundation
import KeyedRandom

/// Sleeps for a random number of microseconds, so that threads finish their items in another order.
func delay(_ item: Int, below limit: Int) {
  var generator = KeyedGenerator(1, UInt64(item))
  usleep(UInt32(generator.integer(below: limit)))
}
