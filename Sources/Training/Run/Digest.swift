import KeyedRandom
import VideoSamples

/// A hash of lists of names. It changes with the names and with their order.
func digest(of lists: [[String]]) -> UInt64 {
  var hash = FNV1a()
  for names in lists {
    for name in names {
      hash.add(name.utf8)
      hash.add([0])
    }
    hash.add([0xFF])
  }
  return hash.value
}

/// A hash of lists of sources, computed from their descriptions.
func digest(of lists: [SourceList]) -> UInt64 {
  var hash = FNV1a()
  for sources in lists {
    sources.addDescriptions(to: &hash)
    hash.add([0xFF])
  }
  return hash.value
}
