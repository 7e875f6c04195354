import Pretext
import PretextTasks
import TestSupport
import Testing
import VideoSamples

/// The classes of the authors' code, and of a port of ST-Puzzle.
@Suite(.enabled(if: PretextFixtures.exist, .init(rawValue: PretextFixtures.absence)))
struct LabelFixtureTests {
  @Test func labelsAreTheOfficialOnes() throws {
    struct Labels: Decodable {
      struct VCOP: Decodable {
        let orders: [String: [[Int]]]
        enum CodingKeys: String, CodingKey { case orders = "orders_by_tuple_length" }
      }
      struct OPN: Decodable {
        let classes: [[Int]]
        let classOfEveryOrder: [String: Int]
        enum CodingKeys: String, CodingKey {
          case classes
          case classOfEveryOrder = "class_of_every_order"
        }
      }
      struct Puzzle: Decodable { let permutations: [[Int]] }
      let vcop: VCOP
      let opn: OPN
      let puzzle: Puzzle
      enum CodingKeys: String, CodingKey {
        case vcop, opn
        case puzzle = "st_puzzle"
      }
    }
    func names(_ orders: [[Int]], from first: Int = 0) -> [String] {
      orders.map { $0.map { "\($0 + 1 - first)" }.joined(separator: " ") }
    }
    let labels = try PretextFixtures.json("labels.json", Labels.self)
    for (count, orders) in labels.vcop.orders {
      let task = ClipOrder(tuple: ClipTuple(clips: Int(count)!, frames: 2, gap: 0))
      #expect(task.classNames == names(orders))
    }
    #expect(CubicPuzzle().classNames == names(labels.puzzle.permutations))
    #expect(FrameOrder().classNames == names(labels.opn.classes, from: 1))
    #expect(labels.opn.classOfEveryOrder.count == 24)
    for (order, label) in labels.opn.classOfEveryOrder {
      let places = order.map { Int(String($0))! - 1 }
      #expect([places, places.reversed()].contains(FrameOrder.orders[label]))
    }
  }
}
