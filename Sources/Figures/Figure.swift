/// Panels in a grid under a common title.
public struct Figure: Drawing, Sendable {
  /// The title above the panels; empty for none.
  public let title: String
  /// The panels, row by row.
  public let panels: [any Panel]
  /// The number of panels per row.
  public let columns: Int
  /// The width in points.
  public let width: Double
  /// The height in points.
  public let height: Double

  private let panelSize: (width: Double, height: Double)
  private let top: Double

  /// - Parameters:
  ///   - title: The title above the panels; empty for none.
  ///   - panels: The panels, row by row.
  ///   - columns: The number of panels per row, at least 1; nil for as many as there are panels, at most 3.
  ///   - panelWidth: The width of a panel in points.
  ///   - panelHeight: The height of a panel in points.
  public init(
    title: String = "", panels: [any Panel], columns: Int? = nil, panelWidth: Double = 420,
    panelHeight: Double = 320
  ) {
    self.title = title
    self.panels = panels
    self.columns = max(1, columns ?? min(panels.count, 3))
    panelSize = (panelWidth, panelHeight)
    top = Self.margin + (title.isEmpty ? 0 : Self.titleStyle.capHeight + 24)
    let across = Double(min(self.columns, max(panels.count, 1)))
    let down = Double(max(1, (panels.count + self.columns - 1) / self.columns))
    width = 2 * Self.margin + across * (panelWidth + Self.gap) - Self.gap
    height = top + down * (panelHeight + Self.gap) - Self.gap + Self.margin
  }

  /// Draws the title and the panels.
  public func draw(on canvas: Canvas) {
    canvas.text(
      title, at: Point(Self.margin, Self.margin), Self.titleStyle, anchor: TextAnchor(.left, .top))
    for (index, panel) in panels.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      panel.draw(
        on: canvas,
        in: Rectangle(
          x: Self.margin + Double(column) * (panelSize.width + Self.gap),
          y: top + Double(row) * (panelSize.height + Self.gap), width: panelSize.width,
          height: panelSize.height))
    }
  }

  private static let margin = 24.0
  private static let gap = 36.0
  private static let titleStyle = TextStyle(size: 18, bold: true)
}
