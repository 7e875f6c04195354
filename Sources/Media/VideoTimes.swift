import CFFmpeg

extension Video {
  /// The number of frames up to the last one at the average frame rate; 1 if that is not known or absurd.
  public var evenFrameCount: Int {
    let last = (lastFrameTime * averageFrameRate).rounded()
    return last < 0x1p40 ? Int(last) + 1 : 1
  }

  /// The maximum number of frames that are listed: nine hours at 60 per second.
  private static var mostListed: Int { 1 << 21 }
  /// The number of frames by which the order of decoding may differ from that of presentation. Codecs allow 16 frames, or
  /// 32 fields.
  private static var mostReordered: Int { 32 }

  func findUnevenFrameTimes() -> [Double]? {
    // Averages and guesses of the rate do not help: many containers know only those of the first frames.
    guard let leeway = try? self.leeway, !isReadInOrder, !input.isInterlaced,
      !input.hasEvenIndex(count: evenFrameCount), let ticks = listTicks()
    else { return nil }
    var times: [Double] = []
    for time in ticks.lazy.map(self.time(of:)) {
      // In the middle between closer frames, the later one is shown.
      if let last = times.last, time - last <= 2 * leeway { continue }
      times.append(time)
    }
    // What a truncated file lacks is missing here, but must not make it a shorter video.
    guard let last = times.last, lastFrameTime <= last + 2.5 / averageFrameRate else { return nil }
    return areEven(times, leeway: leeway) ? nil : times
  }

  /// The times of all packets whose frames are shown, ascending; nil if some are unknown or there are too many.
  private func listTicks() -> [Int64]? {
    endIterators()
    restart()
    let isInOrder = input.parameters.pointee.video_delay == 0
    var ticks: [Int64] = []
    var keyTick: Int64?
    let packet = PacketBuffer()
    var isAtEnd = false
    for _ in 0..<Self.mostListed {
      isAtEnd = input.read(packet) < 0
      if isAtEnd { break }
      let content = packet.pointer.pointee
      guard content.size > 0, !keyframeCheck.isHidden(packet) else { continue }
      // Without reordering, AVI gives decoding times only.
      let tick = isInOrder ? packet.tick : content.pts
      guard let tick, tick != cff_no_timestamp() else { return nil }
      if keyTick == nil, keyframeCheck.isIntra(packet) { keyTick = tick }
      // An edit list removes other frames.
      if content.flags & AV_PKT_FLAG_DISCARD == 0 { ticks.append(tick) }
    }
    guard isAtEnd, !goesBack(ticks) else { return nil }
    // Frames before the first independent one cannot be decoded.
    return ticks.filter { $0 >= keyTick ?? .min }.sorted()
  }

  /// True if the clock is set back on the way, in joined recordings: times do not order the frames.
  private func goesBack(_ ticks: [Int64]) -> Bool {
    var latest = Int64.min
    return zip(ticks, ticks.dropFirst(Self.mostReordered)).contains { earlier, tick in
      latest = max(latest, earlier)
      return tick < latest
    }
  }

  /// True if the middles of evenly spaced frames show these frames.
  private func areEven(_ times: [Double], leeway: Double) -> Bool {
    guard times.count == evenFrameCount else { return false }
    let step = times.count > 1 ? lastFrameTime / Double(times.count - 1) : 0
    return times.indices.dropFirst().allSatisfy { index in
      let middle = (Double(index) + 0.5) * step + leeway
      return middle - step < times[index] && times[index] <= middle
    }
  }
}
