import Figures
import Foundation
import Media
import Testing

@Suite struct ScatterAndRoseTests {
  private func picture(_ panel: any Panel) throws -> Picture {
    try Figure(panels: [panel], panelWidth: 300, panelHeight: 300).picture()
  }

  private func scatter(_ points: [Point], _ others: [Point] = []) -> ScatterChart {
    ScatterChart(
      title: "",
      series: [
        .init("", points: points, color: Palette.blue, marker: .square),
        .init("", points: others, color: Palette.vermillion, marker: .disc),
      ])
  }

  /// The picture without the legend, which is in the first rows.
  private func plot(_ picture: Picture) -> Picture {
    picture.cropped(left: 0, top: 70, width: picture.width, height: picture.height - 70)
  }

  @Test func largerValuesLieHigherAndFurtherRightAndBothAxesHaveOneScale() throws {
    let found = plot(
      try picture(scatter([Point(-1, -1), Point(1, -1)], [Point(0, 0), Point(0, -0.5)])))
    let wide = try #require(found.extent(of: Palette.blue, tolerance: 90))
    let tall = try #require(found.extent(of: Palette.vermillion, tolerance: 90))
    #expect(tall.rows.upperBound < wide.rows.lowerBound)
    // Two units across, half a unit up.
    let marker = 8
    let ratio = Double(wide.columns.count - marker) / Double(tall.rows.count - marker)
    #expect(abs(ratio - 4) < 0.3, "\(ratio)")
  }

  @Test func pointsThatCannotBeShownAreOmittedAndExtremesDoNotFail() throws {
    for points in [
      [], [Point(.nan, 1)], [Point(1, .infinity)], [Point(-1e300, 1e300), Point(1e300, -1e300)],
      [Point(2, 2), Point(2, 2)],
    ] {
      let found = plot(try picture(scatter(points)))
      let isShown = found.extent(of: Palette.blue, tolerance: 90) != nil
      #expect(isShown == points.contains { $0.x.isFinite && $0.y.isFinite })
    }
  }

  @Test func allMarkersAreDrawnAboutTheirPoint() throws {
    for marker in Marker.allCases {
      let found = try Canvas.picture(width: 60, height: 60) {
        $0.marker(marker, at: Point(30, 30), size: 10, Palette.blue)
      }
      let extent = try #require(found.extent(of: Palette.blue))
      for range in [extent.columns, extent.rows] {
        #expect(
          range.count >= 16 && abs(range.lowerBound + range.upperBound - 60) <= 8, "\(marker)")
      }
    }
    let kinds = Set((0..<42).map { "\(Marker.series($0)) \(Palette.series($0))" })
    #expect(kinds.count == 42)
  }

  /// The wedge of a direction points in that direction on a picture, and its area is the share.
  @Test func wedgesLieInTheirDirectionAndAreasAreShares() throws {
    func rose(_ direction: Int, _ share: Double) throws -> Extent {
      var shares = [[Double]](repeating: [0], count: 8)
      shares[direction] = [share]
      let found = try picture(
        FlowRose(title: "", shares: shares, magnitudes: [""], legend: "", largest: 1))
      let plot = found.cropped(left: 0, top: 40, width: found.width, height: found.height - 110)
      return try #require(plot.extent(of: Palette.share(0.2), tolerance: 4))
    }
    let right = try rose(0, 1)
    let down = try rose(2, 1)
    let left = try rose(4, 1)
    let up = try rose(6, 1)
    #expect(left.columns.upperBound <= right.columns.lowerBound)
    #expect(up.rows.upperBound <= down.rows.lowerBound)
    let quarter = try rose(0, 0.25)
    #expect(abs(Double(quarter.columns.count) / Double(right.columns.count) - 0.5) < 0.05)
  }

  @Test func runsWithEqualResultsAreSideBySide() throws {
    func chart(_ results: [Double]) throws -> Extent {
      let found = try picture(
        SweepChart(
          xLabel: "", yLabel: "",
          groups: [.init(label: "a", x: 0, results: results, mean: 0.5, deviation: 0)],
          joinsMeans: false))
      let plot = found.cropped(left: 0, top: 45, width: found.width, height: found.height - 45)
      return try #require(plot.extent(of: Palette.vermillion, tolerance: 90))
    }
    let (one, three) = (try chart([0.5]), try chart([0.5, 0.5, 0.5]))
    #expect(three.columns.count >= one.columns.count + 16 && three.rows.count == one.rows.count)
    let empty = SweepChart(xLabel: "x", yLabel: "y", groups: [], joinsMeans: true)
    _ = try picture(empty)
  }
}
