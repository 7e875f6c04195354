import Figures
import Testing

@Suite struct TicksTests {
  @Test func stepsAreOneTwoOrFive() {
    #expect(Ticks.linear(0...1, count: 5).values == [0, 0.2, 0.4, 0.6, 0.8, 1])
    #expect(Ticks.linear(0...1, count: 5).labels == ["0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(Ticks.linear(3...97, count: 5).values == [20, 40, 60, 80])
    #expect(Ticks.linear(0...230, count: 5).values == [0, 50, 100, 150, 200])
    #expect(
      Ticks.linear(-0.012...0.011, count: 4).labels == ["−0.010", "−0.005", "0", "0.005", "0.010"])
  }

  @Test func valuesAreTheNearestDoubles() {
    #expect(Ticks.linear(0...0.9, count: 9).values.contains(0.3))
    #expect(Ticks.linear(0...0.0009, count: 9).values.contains(0.0003))
  }

  @Test func labelsAreShortAndShareAUnit() {
    #expect(
      Ticks.linear(0...100_000, count: 5).labels == ["0", "20k", "40k", "60k", "80k", "100k"])
    #expect(Ticks.linear(0...10_000, count: 2).labels == ["0", "5k", "10k"])
    #expect(Ticks.linear(0...3_000_000, count: 3).labels == ["0", "1M", "2M", "3M"])
    #expect(Ticks.linear(0...2e-4, count: 2).labels == ["0", "10⁻⁴", "2×10⁻⁴"])
    #expect(Ticks.linear(0...0.5, count: 2, percent: true).labels == ["0%", "20%", "40%"])
    #expect(Ticks.linear(-0.02...1, count: 2, percent: true).labels == ["0%", "50%", "100%"])
  }

  @Test func logarithmicTicksArePowersOfTenWithTwosAndFivesWhereThereIsRoom() {
    #expect(
      Ticks.logarithmic(1e-5...1, count: 8).labels == ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"])
    #expect(Ticks.logarithmic(0.9...60, count: 6).values == [1, 2, 5, 10, 20, 50])
    #expect(Ticks.logarithmic(1e-12...1, count: 4).values.count == 4)
    #expect(Ticks.logarithmic(3...4, count: 5).values == [3, 3.2, 3.4, 3.6, 3.8, 4])
  }

  @Test func rangesWithoutExtentHaveNoTicks() {
    #expect(Ticks.linear(2...2, count: 5).values.isEmpty)
    #expect(Ticks.linear(-Double.infinity...0, count: 5).values.isEmpty)
    #expect(Ticks.logarithmic(0...1, count: 5).values.isEmpty)
  }
}
