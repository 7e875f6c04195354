import Foundation
import KeyedRandom

/// Sleeps so many microseconds that threads which make items finish them in another order.
func delay(_ item: Int, below limit: Int) {
  var generator = KeyedGenerator(1, UInt64(item))
  usleep(UInt32(generator.integer(below: limit)))
}
