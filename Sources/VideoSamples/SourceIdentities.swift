import SafeFiles

/// Numbers the real paths of places, so that sources are identified regardless of how their paths are written.
struct RealPlaces {
  private var numberOfPath: [String: Int] = [:]

  /// The number of the real path of `place`; places with the same real path share a number.
  mutating func number(of place: SourceRecords.Place) -> Int {
    let folder = withoutTrailingSlashes(String(path: place.prefix))
    let real = realPath(of: folder.isEmpty ? "." : folder)
    if let known = numberOfPath[real] { return known }
    numberOfPath[real] = numberOfPath.count
    return numberOfPath.count - 1
  }
}

/// A set of sources in a list, stored as a hash table of their indices.
struct SourceIdentities {
  /// Indices plus one; 0 for a free slot. Its size is a power of two.
  private var slots: [UInt32] = Array(repeating: 0, count: 1024)
  private var count = 0

  /// Adds the record at `index`.
  ///
  /// - Parameters:
  ///   - records: the records; every index in the set is one of these.
  ///   - real: the numbers of their places according to ``RealPlaces``.
  /// - Returns: false if the set already contains an equal record.
  mutating func insert(_ index: Int, of records: SourceRecords, real: [Int]) -> Bool {
    if 3 * (count + 1) > 2 * slots.count { grow(records, real) }
    let slot = records.withRecord(at: index) { record in
      self.slot(of: record, real[record.place], in: records, real)
    }
    guard slots[slot] == 0 else { return false }
    slots[slot] = UInt32(index + 1)
    count += 1
    return true
  }

  /// True if the set contains a record among `records` that equals `record`, whose place has the number `place`.
  func contains(
    _ record: SourceRecords.Record, place: Int, of records: SourceRecords, real: [Int]
  ) -> Bool {
    slots[slot(of: record, place, in: records, real)] != 0
  }

  private mutating func grow(_ records: SourceRecords, _ real: [Int]) {
    let indices = slots
    slots = Array(repeating: 0, count: 2 * slots.count)
    for index in indices where index != 0 {
      let slot = records.withRecord(at: Int(index) - 1) { record in
        self.slot(of: record, real[record.place], in: records, real)
      }
      slots[slot] = index
    }
  }

  /// The slot with an equal record, or a free slot for it.
  private func slot(
    of record: SourceRecords.Record, _ place: Int, in records: SourceRecords, _ real: [Int]
  ) -> Int {
    let mask = slots.count - 1
    var slot = Self.hash(record, place) & mask
    while slots[slot] != 0 {
      let isEqual = records.withRecord(at: Int(slots[slot]) - 1) { other in
        other.form == record.form && real[other.place] == place
          && other.identifying.elementsEqual(record.identifying)
      }
      if isEqual { break }
      slot = (slot + 1) & mask
    }
    return slot
  }

  private static func hash(_ record: SourceRecords.Record, _ place: Int) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(record.form.rawValue) ^ UInt64(place) << 8
    for byte in record.identifying { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    // The low bits of this hash depend only on the low bits of the bytes.
    hash ^= hash >> 32
    hash &*= 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash >> 32)
  }
}

extension SourceRecords.Record {
  /// The bytes that distinguish sources with the same form and place. The name of a folder may end with slashes.
  fileprivate var identifying: UnsafeBufferPointer<UInt8> {
    guard form == .frameFolder, let last = rest.lastIndex(where: { $0 != UInt8(ascii: "/") }) else {
      return rest
    }
    return UnsafeBufferPointer(rebasing: rest[...last])
  }
}
