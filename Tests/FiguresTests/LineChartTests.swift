import Figures
import Foundation
import Media
import TestSupport
import Testing

@Suite struct LineChartTests {
  private func picture(_ chart: LineChart) throws -> Picture {
    try Figure(panels: [chart]).picture()
  }

  @Test func largerValuesLieHigherAndLaterOnesFurtherRight() throws {
    let rising = try picture(LineChart(series: [.init("", points: [Point(0, 0), Point(9, 5)])]))
    let curve = try #require(rising.extent(of: Palette.blue, tolerance: 8))
    func rows(_ column: Int) -> [Int] {
      (0..<rising.height).filter { rising[column, $0][0] < 60 && rising[column, $0][2] > 160 }
    }
    let left = try #require(rows(curve.columns.lowerBound + 4).first)
    let right = try #require(rows(curve.columns.upperBound - 4).first)
    #expect(right < left - 150)
  }

  @Test func valuesWithoutAPlaceLeaveAGap() throws {
    func chart(_ middle: Double, _ scale: Axes.Scale) -> LineChart {
      let points = (0...40).map { Point(Double($0), (19...21).contains($0) ? middle : 5) }
      return LineChart(series: [.init("", points: points)], yScale: scale)
    }
    for (value, scale) in [
      (Double.nan, Axes.Scale.linear), (.infinity, .linear), (0, .logarithmic), (-1, .logarithmic),
    ] {
      let picture = try picture(chart(value, scale))
      let curve = try #require(picture.extent(of: Palette.blue))
      let middle = (curve.columns.lowerBound + curve.columns.upperBound) / 2
      #expect(picture.count(of: Palette.blue, inColumn: middle) == 0)
      #expect(picture.count(of: Palette.blue, inColumn: curve.columns.lowerBound + 30) > 0)
    }
  }

  @Test func aSinglePointShowsAndNoPointsDoNotFail() throws {
    let single = try picture(LineChart(series: [.init("", points: [Point(3, 2)])]))
    let disc = try #require(single.extent(of: Palette.blue))
    #expect(disc.columns.count >= 4 && disc.rows.count >= 4)
    for points in [[], [Point(.nan, 1)], [Point(1, .infinity)]] {
      for scale in [Axes.Scale.linear, .percent, .logarithmic] {
        let empty = try picture(
          LineChart(series: [.init("", points: points)], xScale: scale, yScale: scale))
        #expect(empty.extent(of: Palette.blue) == nil)
      }
    }
    _ = try picture(LineChart(series: []))
  }

  @Test func extremeValuesDoNotFail() throws {
    for values: [Double] in [
      [-1e300, 1e300], [1e16, 1e16 + 2], [.leastNonzeroMagnitude, .leastNormalMagnitude],
      [1e-300, 1e300],
    ] {
      for scale in [Axes.Scale.linear, .percent, .logarithmic] {
        let points = values.enumerated().map { Point(Double($0.offset), $0.element) }
        _ = try picture(LineChart(series: [.init("", points: points)], yScale: scale))
      }
    }
  }

  @Test(arguments: [(20_000, 10.0), (40_123, 10), (54_321, 10), (30_007, -10), (77_777, -10)])
  func longSeriesAreReducedWithoutLosingSpikes(place: Int, spike: Double) throws {
    let points = (0..<100_000).map { Point(Double($0), $0 == place ? spike : sin(Double($0))) }
    let chart = LineChart(series: [.init("", points: points)])
    let picture = try picture(chart)
    let curve = try #require(picture.extent(of: Palette.blue, tolerance: 60))
    #expect(curve.rows.count > picture.height / 2, "the spike reaches across the plot")
    try withScratchFolder { folder in
      let path = "\(folder)/long.svg"
      try Figure(panels: [chart]).write(to: path)
      let size = try Data(contentsOf: URL(fileURLWithPath: path)).count
      #expect(size < 100_000)
    }
  }

  @Test func aReferenceIsWithinTheAxisThatFitsTheData() throws {
    let chart = LineChart(
      series: [.init("", points: [Point(0, 0.8), Point(1, 0.9)])],
      references: [.init("chance", value: 0.1)], yScale: .percent)
    let picture = try picture(chart)
    let line = try #require(picture.extent(of: Palette.faintInk))
    let curve = try #require(picture.extent(of: Palette.blue))
    #expect(line.rows.upperBound > curve.rows.upperBound + 100)
  }

  @Test func panelsStandSideBySideThenBelow() throws {
    func chart(_ color: Color) -> LineChart {
      LineChart(series: [.init("", points: [Point(0, 0), Point(1, 1)], color: color)])
    }
    let colors = [Palette.blue, Palette.green, Palette.purple]
    let picture = try Figure(panels: colors.map(chart), columns: 2).picture()
    let extents = try colors.map { try #require(picture.extent(of: $0)) }
    #expect(extents[0].columns.upperBound < extents[1].columns.lowerBound)
    #expect(extents[0].rows == extents[1].rows)
    #expect(extents[0].rows.upperBound < extents[2].rows.lowerBound)
    #expect(extents[0].columns == extents[2].columns)
  }
}
