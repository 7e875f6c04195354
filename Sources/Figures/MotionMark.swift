extension Canvas {
  /// The sign of a motion in the middle of `box`: an arrow whose length is the share `motion` has of
  /// `fastest` (both in the same units of speed), or a dot where nothing moves.
  ///
  /// - Parameters:
  ///   - motion: The displacement, x to the right and y down; nil for a static clip.
  ///   - fastest: The speed whose arrow spans the box; positive.
  ///   - halo: A border that sets the sign off from a picture.
  public func motionMark(
    _ motion: Vector?, fastest: Double, in box: Rectangle, color: Color, halo: Stroke? = nil
  ) {
    let span = min(box.width, box.height)
    let stroke = Stroke(color, width: span * 0.085)
    guard let motion, motion.length > 0, motion.length.isFinite, fastest > 0 else {
      disc(box.center, radius: span * 0.09, color, border: halo)
      return
    }
    // At least as long as a head with some shaft, else slow motions lose their direction.
    let length = max(min(motion.length / fastest, 1), 0.4) * span
    let half = Vector(
      motion.dx / motion.length * length / 2, motion.dy / motion.length * length / 2)
    arrow(
      from: Point(box.center.x - half.dx, box.center.y - half.dy),
      to: Point(box.center.x + half.dx, box.center.y + half.dy), stroke, halo: halo)
  }

  /// Marks a region of a picture that is drawn over `cell`: a bright line just outside the region
  /// with a dark halo, moved inwards where it would leave the cell.
  ///
  /// - Parameters:
  ///   - region: In pixels of the picture.
  ///   - picture: The size of the picture in pixels.
  ///   - lineWidth: The width of the bright line in points.
  func regionMark(
    _ region: Rectangle, of picture: (width: Int, height: Int), in cell: Rectangle,
    lineWidth: Double
  ) {
    let scale = (
      x: cell.width / Double(picture.width), y: cell.height / Double(picture.height)
    )
    let room = cell.inset(by: lineWidth)
    let left = max(cell.x + region.x * scale.x - lineWidth / 2, room.x)
    let top = max(cell.y + region.y * scale.y - lineWidth / 2, room.y)
    let right = min(cell.x + region.maxX * scale.x + lineWidth / 2, room.maxX)
    let bottom = min(cell.y + region.maxY * scale.y + lineWidth / 2, room.maxY)
    guard right > left, bottom > top else { return }
    let border = Rectangle(x: left, y: top, width: right - left, height: bottom - top)
    outline(border, Stroke(Palette.halo, width: lineWidth * 2))
    outline(border, Stroke(Palette.mark, width: lineWidth))
  }
}
