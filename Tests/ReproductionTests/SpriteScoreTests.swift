import Foundation
import Reproduction
import SafeFiles
import Testing
import Training

@Suite struct SpriteScoreTests {
  /// Counts by true and predicted class; classes in `names`, `failed` more videos of each without a prediction.
  private func score(_ names: [String], _ confusion: [[Int]], failed: Int = 0) throws
    -> SpriteScore
  {
    let classes = names.enumerated().map { index, name in
      """
      {"name": "\(name)", "videos": \(confusion[index].reduce(failed, +)), "correct": \(confusion[index][index])}
      """
    }
    let json = """
      {"video_count": 0, "clips": 1, "crops": 1, "top1": 0, "mean_class_accuracy": 0, "failed": 0, "videos": [],
       "classes": [\(classes.joined(separator: ","))], "confusion": \(confusion)}
      """
    return SpriteScore(try JSON.decode(Evaluation.Summary.self, from: Data(json.utf8)))
  }

  /// left and right look alike, up does not: of 30 videos, 20 are taken for one of the right look, and of these 14 for the
  /// right one.
  @Test func lookAndMotionAreToldApart() throws {
    let found = try score(["left", "right", "up"], [[6, 2, 2], [4, 1, 5], [3, 0, 7]])
    #expect(found[.look] == 20.0 / 30)
    #expect(found[.motion] == 14.0 / 20)
    #expect(found[.plainClasses] == 14.0 / 30 && found[.otherClasses] == nil)
    #expect(found[.finetuning] == nil)
  }

  /// Videos without a prediction count as wrong looks, and as nothing for motion.
  @Test func unreadableVideosHaveTheWrongLook() throws {
    let found = try score(["left", "circling"], [[2, 0], [1, 1]], failed: 1)
    #expect(found[.look] == 0.5 && found[.motion] == 1)
    #expect(found[.plainClasses] == 2.0 / 3 && found[.otherClasses] == 1.0 / 3)
    let none = try score(["left", "circling"], [[0, 2], [2, 0]])
    #expect(none[.look] == 0 && none[.motion] == nil)
  }
}
