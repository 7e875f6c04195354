extension Canvas {
  /// Draws the mark of a motion in the center of `box`: an arrow whose length is the ratio of `motion` to `fastest` (in
  /// the same units of speed), or a dot if nothing moves.
  ///
  /// - Parameters:
  ///   - motion: The displacement, x to the right and y down; nil for a static clip.
  ///   - fastest: The speed whose arrow spans the box; positive.
  ///   - box: The place, in points; the mark is in its center.
  ///   - color: The color of the mark.
  ///   - halo: A border that separates the mark from a picture.
  public func motionMark(
    _ motion: Vector?, fastest: Double, in box: Rectangle, color: Color, halo: Stroke? = nil
  ) {
    let span = min(box.width, box.height)
    let stroke = Stroke(color, width: span * 0.085)
    guard let motion, motion.length > 0, motion.length.isFinite, fastest > 0 else {
      disc(box.center, radius: span * 0.09, color, border: halo)
      return
    }
    // Leave room for a head and a short shaft, or slow motions would have no direction.
    let length = max(min(motion.length / fastest, 1), 0.4) * span
    let half = Vector(
      motion.dx / motion.length * length / 2, motion.dy / motion.length * length / 2)
    arrow(
      from: Point(box.center.x - half.dx, box.center.y - half.dy),
      to: Point(box.center.x + half.dx, box.center.y + half.dy), stroke, halo: halo)
  }

  /// Marks a region of a picture that is drawn in `cell`: a bright line just outside the region with a dark halo, moved
  /// inward if it would leave the cell.
  ///
  /// - Parameters:
  ///   - region: The corners of its outline in order, in pixels of the picture.
  ///   - picture: The size of the picture in pixels.
  ///   - cell: The place of the picture on the canvas, in points.
  ///   - lineWidth: The width of the bright line in points.
  func regionMark(
    _ region: [Point], of picture: (width: Int, height: Int), in cell: Rectangle,
    lineWidth: Double
  ) {
    let scale = (
      x: cell.width / Double(picture.width), y: cell.height / Double(picture.height)
    )
    let room = cell.inset(by: lineWidth)
    let corners = region.map { Point(cell.x + $0.x * scale.x, cell.y + $0.y * scale.y) }
    let border = widened(corners, by: lineWidth / 2).map {
      Point(min(max($0.x, room.x), room.maxX), min(max($0.y, room.y), room.maxY))
    }
    polyline(border, closed: true, Stroke(Palette.halo, width: lineWidth * 2))
    polyline(border, closed: true, Stroke(Palette.mark, width: lineWidth))
  }
}

/// The outline with its sides moved outward by `distance`, and sharp corners by little more than that.
private func widened(_ corners: [Point], by distance: Double) -> [Point] {
  let next = corners.dropFirst() + corners.prefix(1)
  let turn = zip(corners, next).reduce(0) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y }
  // Normals point to the outside of the side that begins at a corner.
  let normals = zip(corners, next).map { corner, next in
    let side = Vector(next.x - corner.x, next.y - corner.y)
    let length = side.length * (turn < 0 ? -1 : 1)
    return length == 0 ? Vector(0, 0) : Vector(side.dy / length, -side.dx / length)
  }
  return corners.indices.map { index in
    let (a, b) = (normals[(index + corners.count - 1) % corners.count], normals[index])
    let factor = distance / max(1 + a.dx * b.dx + a.dy * b.dy, 0.5)
    return Point(
      corners[index].x + (a.dx + b.dx) * factor, corners[index].y + (a.dy + b.dy) * factor)
  }
}
