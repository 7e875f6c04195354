import CFFmpeg

extension Video {
  /// Reads the packets from the last keyframe or, if that fails, all packets. Nothing is decoded if they have times.
  func findLastFrameTime() -> Double {
    let frame = averageFrameRate > 0 ? 1 / averageFrameRate : 0
    if input.isCutOff {
      let counted = Double(max(input.stream.pointee.nb_frames, 0)) * frame
      let claimed = max(input.declaredDuration ?? 0, counted)
      if claimed > 0 { return max(claimed - frame, 0) }
    }
    if isReadInOrder, let end = decodedEnd() { return max(end, 0) }
    endIterators()
    var end = PacketEnd()
    if let declared = input.declaredDuration, input.seek(tick(at: min(declared, 1e9))) >= 0 {
      end = scanPackets()
    }
    if !end.hasKeyframe {
      restart()
      end = scanPackets()
    }
    // Streams without a clock are timed by counting.
    let time = end.tick.map { self.time(of: $0) } ?? Double(max(end.count - 1, 0)) * frame
    return max(time, 0)
  }

  private struct PacketEnd {
    var tick: Int64?
    var count = 0
    var hasKeyframe = false
  }

  private func scanPackets() -> PacketEnd {
    let unknown = cff_no_timestamp()
    var end = PacketEnd()
    var (lastShown, lastDecoded, isVague) = (Int64.min, Int64.min, false)
    let packet = PacketBuffer()
    while end.count < MediaLimits.scannedPackets, input.read(packet) >= 0 {
      let content = packet.pointer.pointee
      end.hasKeyframe = end.hasKeyframe || content.flags & AV_PKT_FLAG_KEY != 0
      // The packet is removed by an edit list or is empty.
      guard content.flags & AV_PKT_FLAG_DISCARD == 0, content.size > 0 else { continue }
      end.count += 1
      if content.pts != unknown { lastShown = max(lastShown, content.pts) }
      if content.dts != unknown { lastDecoded = max(lastDecoded, content.dts) }
      isVague = isVague || content.pts == unknown
    }
    if isVague, lastDecoded > .min {
      // In AVI with B-frames, a frame is shown when a later packet is decoded.
      let delay = Int64(max(input.parameters.pointee.video_delay, 0))
      end.tick = lastDecoded.addingReportingOverflow(delay * ticksPerFrame).partialValue
    } else if lastShown > .min {
      end.tick = lastShown
    }
    return end
  }
}
