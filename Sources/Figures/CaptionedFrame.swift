import Media

/// A frame of an animation, enlarged, with its caption and a mark for its motion.
///
/// All frames of a clip get the same size, with an even number of pixels per side at scale 1, as video encoders require.
public struct CaptionedFrame: Drawing, Sendable {
  /// The frame.
  public let frame: Picture
  /// A line above the frame, in smaller type if it is too wide.
  public let caption: String
  /// The motion in units of speed, x to the right and y down; nil for a static clip.
  public let motion: Vector?
  /// The speed for which the arrow has its full length, in the units of `motion`.
  public let fastest: Double
  /// The corners of the region to mark, in order, in pixels of the frame; nil for none.
  public let outline: [Point]?
  /// The width in points.
  public let width: Double
  /// The height in points.
  public let height: Double

  private let place: Rectangle

  /// - Parameters:
  ///   - frame: The frame.
  ///   - caption: A line above the frame.
  ///   - motion: The motion in units of speed, x to the right and y down; nil for a static clip.
  ///   - fastest: The speed for which the arrow has its full length, in the units of `motion`.
  ///   - outline: The corners of the region to mark, in order, in pixels of the frame; nil for none.
  ///   - smallestWidth: Narrower frames are enlarged by the smallest integer that reaches this width in points.
  public init(
    _ frame: Picture, caption: String, motion: Vector?, fastest: Double,
    outline: [Point]? = nil, smallestWidth: Double = 320
  ) {
    self.frame = frame
    self.caption = caption
    self.motion = motion
    self.fastest = fastest
    self.outline = outline
    let factor = max((smallestWidth / Double(frame.width)).rounded(.up), 1)
    place = Rectangle(
      x: 0, y: Self.captionHeight, width: Double(frame.width) * factor,
      height: Double(frame.height) * factor)
    func even(_ length: Double) -> Double { (length / 2).rounded(.up) * 2 }
    width = even(place.width)
    height = even(place.maxY)
  }

  /// Draws the frame with its caption.
  public func draw(on canvas: Canvas) {
    canvas.picture(frame, in: place, scaling: .nearest)
    if let outline {
      canvas.regionMark(outline, of: (frame.width, frame.height), in: place, lineWidth: 3)
    }
    var style = TextStyle(size: 15, bold: true)
    let room = width - 20
    let needed = style.width(of: caption)
    if needed > room { style.size *= room / needed }
    canvas.text(
      caption, at: Point(width / 2, Self.captionHeight / 2), style,
      anchor: TextAnchor(.center, .middle))
    let badge = Rectangle(x: 10, y: place.y + 10, width: 52, height: 52)
    canvas.disc(badge.center, radius: 26, Color(0x000000, alpha: 0.55))
    canvas.motionMark(
      motion, fastest: fastest, in: badge.inset(by: 6), color: .white)
  }

  private static let captionHeight = 34.0
}
