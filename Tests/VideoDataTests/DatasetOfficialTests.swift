import Foundation
import TestSupport
import Testing
import VideoData

/// Compares the official lists with the counts published by their authors.
@Suite(.enabled(if: shared("data") != nil, "needs MOSI_TEST_DATA or ../shared"))
struct DatasetOfficialTests {
  private func dataset(_ kind: DatasetKind, videos: String, splits: String?, split: Int = 1) throws
    -> ActionDataset
  {
    let data = try #require(shared("data"))
    return try ActionDataset(
      DatasetDescription(
        kind: kind, videos: data + videos, splits: splits.map { data + $0 }, split: split)
    )
  }

  @Test(arguments: [(1, 9537, 3783), (2, 9586, 3734), (3, 9624, 3696)])
  func ucf101(split: Int, training: Int, test: Int) throws {
    let dataset = try dataset(
      .ucf101, videos: "/samples", splits: "/splits/ucf101_splits", split: split)
    #expect(dataset.videos(of: .training).count == training)
    #expect(dataset.videos(of: .test).count == test)
    #expect(dataset.classNames.count == 101)
    #expect(dataset.classNames[0] == "ApplyEyeMakeup" && dataset.classNames[100] == "YoYo")
    #expect(Set(dataset.videos.map(\.label)) == Set(0..<101))
    #expect(dataset.evaluationSubset == .test)
    #expect(dataset.findings.isEmpty)
    // Two of the videos are among the samples, without class folders.
    #expect(
      dataset.videos.filter { $0.footage != nil }.map(\.name).sorted() == [
        "Biking/v_Biking_g05_c02.avi", "Punch/v_Punch_g03_c01.avi",
      ])
  }

  @Test(arguments: [1, 2, 3]) func hmdb51(split: Int) throws {
    let dataset = try dataset(
      .hmdb51, videos: "/samples", splits: "/splits/hmdb51_splits", split: split)
    #expect(dataset.classNames.count == 51)
    #expect(dataset.classNames == dataset.classNames.sorted())
    for (subset, count) in [(Subset.training, 70), (.test, 30)] {
      var counts = Array(repeating: 0, count: 51)
      for video in dataset.videos(of: subset) { counts[video.label] += 1 }
      #expect(counts.allSatisfy { $0 == count })
    }
    #expect(dataset.findings.isEmpty)
  }

  @Test(arguments: [400, 600, 700]) func kinetics(classes: Int) throws {
    let dataset = try dataset(
      .kinetics, videos: "/samples", splits: "/splits/kinetics/k\(classes)")
    #expect(dataset.classNames.count == classes && dataset.classNames[0] == "abseiling")
    #expect(dataset.videos.count == 200 && dataset.videos.allSatisfy { $0.subset == .validation })
    #expect(dataset.evaluationSubset == .validation)
    // The head of the list contains a few of the classes, whose names differ clearly.
    #expect(dataset.findings.last == .nothingToTrainOn && dataset.findings.count == 2)
  }

  @Test func surveillanceFights() throws {
    let dataset = try dataset(.csv, videos: "/videos/surveillance-fights", splits: nil)
    #expect(dataset.classNames == ["fight", "noFight"])
    #expect(dataset.videos(of: .training).count == 141 && dataset.videos(of: .test).count == 45)
    #expect(dataset.videos.allSatisfy { $0.footage != nil })
    // The same as class folders: a fifth of each class is for testing.
    let folders = try self.dataset(.folders, videos: "/videos/surveillance-fights", splits: nil)
    #expect(folders.videos.count == 186 && folders.classNames == dataset.classNames)
    #expect((36...38).contains(folders.videos(of: .test).count))
  }
}
