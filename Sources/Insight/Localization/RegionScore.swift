import MoSI

/// How well a clip's heat map points at the moving region. A map that is 0 everywhere scores like a uniform one.
public struct RegionScore: Equatable, Sendable {
  /// The thresholds of ``overlaps``: 0, 0.05, ..., 0.95 of a map's maximum. All positions reach 0, where the overlap is
  /// that of chance.
  public static let thresholds = (0...19).map { Double($0) / 20 }

  /// The share of the heat of all frames that is inside the region.
  public let energyInside: Double
  /// The pointing game (Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016): 1 if the hottest
  /// position of all frames is inside the region, else 0; if several positions are equally hot, the share of them inside.
  public let pointing: Double
  /// For each of ``thresholds``, the intersection over union of the region with the positions that reach it, over all
  /// frames.
  public let overlaps: [Double]
  /// The region's share of the frame's area: the score of a uniform map.
  public let chance: Double
  /// True for a map that is 0 everywhere.
  public let isEmpty: Bool

  /// Scores a map.
  ///
  /// - Parameters:
  ///   - map: the map, [frames, height, width] in 0...1, with a maximum of 1 unless it is 0 everywhere.
  ///   - frames: the number of frames of the map.
  ///   - height: the height of the map.
  ///   - width: the width of the map.
  ///   - region: the moving region of the clip.
  public init(map: [Float], frames: Int, height: Int, width: Int, region: StaticMask.Region) {
    precondition(map.count == frames * height * width, "a map must have the size of its clip")
    let levels = Self.thresholds.count
    var (energy, energyInside) = (0.0, 0.0)
    var (hottest, peaks, peaksInside) = (Float(0), 0, 0)
    // The number of positions at each level: those that reach threshold k / 20 are at level k or above.
    var all = [Int](repeating: 0, count: levels + 1)
    var inside = all
    var index = 0
    let mask = region.mask(height: height, width: width)
    for _ in 0..<frames {
      for isInside in mask {
        let heat = map[index]
        index += 1
        let level = min(Int(heat * Float(levels)), levels)
        energy += Double(heat)
        all[level] += 1
        if heat > hottest { (hottest, peaks, peaksInside) = (heat, 0, 0) }
        if heat == hottest { peaks += 1 }
        guard isInside else { continue }
        energyInside += Double(heat)
        inside[level] += 1
        if heat == hottest { peaksInside += 1 }
      }
    }
    let area = region.area * frames
    chance = Double(area) / Double(map.count)
    isEmpty = energy == 0
    guard !isEmpty else {
      (self.energyInside, pointing) = (chance, chance)
      overlaps = Array(repeating: chance, count: Self.thresholds.count)
      return
    }
    self.energyInside = energyInside / energy
    pointing = Double(peaksInside) / Double(peaks)
    overlaps = (0..<levels).map { first in
      let hot = all[first...].reduce(0, +)
      let common = inside[first...].reduce(0, +)
      return Double(common) / Double(hot + area - common)
    }
  }
}

/// The scores of many clips.
public struct RegionScores: Codable, Equatable, Sendable {
  /// The statistics of ``RegionScore/energyInside``.
  public let energyInside: SampleStatistics
  /// The statistics of ``RegionScore/pointing``.
  public let pointing: SampleStatistics
  /// The statistics of the intersection over union at ``threshold``.
  public let overlap: SampleStatistics
  /// The threshold for all clips at which the overlap is best; the lowest of several.
  public let threshold: Double
  /// The number of clips whose map is 0 everywhere.
  public let emptyMaps: Int

  /// - Parameter scores: the scores of the clips of each source; each source must have clips.
  public init(_ scores: [[RegionScore]]) {
    func estimate(_ value: (RegionScore) -> Double) -> SampleStatistics {
      SampleStatistics(
        scores.map { $0.map(value).reduce(0, +) / Double($0.count) }, keepsValues: false)
    }
    energyInside = estimate(\.energyInside)
    pointing = estimate(\.pointing)
    let overlaps = RegionScore.thresholds.indices.map { index in estimate { $0.overlaps[index] } }
    let best = overlaps.indices.max { (overlaps[$0].mean, $1) < (overlaps[$1].mean, $0) } ?? 0
    overlap = overlaps[best]
    threshold = RegionScore.thresholds[best]
    emptyMaps = scores.joined().count { $0.isEmpty }
  }
}
