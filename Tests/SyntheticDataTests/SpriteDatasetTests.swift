import Foundation
import KeyedRandom
import Media
import SyntheticData
import TestSupport
import Testing
import VideoData

@Suite struct SpriteDatasetTests {
  private func dataset(_ difficulty: SpriteDifficulty = .plain) -> SpriteDataset {
    var dataset = SpriteDataset()
    dataset.setting = .plain
    dataset.difficulty = difficulty
    dataset.format.width = 48
    dataset.format.height = 36
    dataset.format.framesPerSecond = 15
    return dataset
  }

  /// The area where the sprite covers the ground, on which most frames of all classes of a scene agree.
  private struct Cover {
    let width: Int
    let height: Int
    let isCovered: [Bool]

    var area: Int { isCovered.count { $0 } }

    /// The center on the torus of the frame, in pixels.
    var middle: (x: Double, y: Double) {
      func mean(_ period: Int, _ place: (Int) -> Int) -> Double {
        var (sine, cosine) = (0.0, 0.0)
        for index in isCovered.indices where isCovered[index] {
          let turn = 2 * .pi * Double(place(index)) / Double(period)
          sine += sin(turn)
          cosine += cos(turn)
        }
        return atan2(sine, cosine) / (2 * .pi) * Double(period)
      }
      return (mean(width) { $0 % width }, mean(height) { $0 / width })
    }
  }

  private func covers(_ dataset: SpriteDataset, scene: Int) -> [SpriteAction: [Cover]] {
    let videos = Dictionary(
      uniqueKeysWithValues: SpriteAction.allCases.map {
        ($0, dataset.frames(of: $0, number: scene))
      })
    let all = videos.values.flatMap { [$0[0], $0[10], $0[20]] }
    let size = all[0].pixels.count
    let ground = (0..<size).map { place in
      all.map { $0.pixels[place] }.sorted()[all.count / 2]
    }
    return videos.mapValues { frames in
      frames.map { frame in
        Cover(
          width: frame.width, height: frame.height,
          isCovered: (0..<size / 3).map { pixel in
            (0..<3).contains { channel in
              let place = 3 * pixel + channel
              return abs(Int(frame.pixels[place]) - Int(ground[place])) > 12
            }
          })
      }
    }
  }

  /// The shorter way between two positions on a circle.
  private func step(_ from: Double, _ to: Double, _ period: Int) -> Double {
    let period = Double(period)
    let way = to - from
    return way - (way / period).rounded() * period
  }

  @Test func spritesDoWhatTheirClassSays() throws {
    for scene in 0..<3 {
      let covers = covers(dataset(), scene: scene)
      func steps(_ action: SpriteAction) -> (x: [Double], y: [Double]) {
        let middles = covers[action]!.map(\.middle)
        let pairs = zip(middles, middles.dropFirst())
        return (pairs.map { step($0.x, $1.x, 48) }, pairs.map { step($0.y, $1.y, 36) })
      }
      func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
      func total(_ values: [Double]) -> Double { values.reduce(0) { $0 + abs($1) } }
      // 0.26 to 0.4 of 36 pixels per second are 0.62 to 0.96 pixels per frame.
      #expect((0.5...1.1).contains(mean(steps(.right).x)) && abs(mean(steps(.right).y)) < 0.15)
      #expect((0.5...1.1).contains(-mean(steps(.left).x)) && abs(mean(steps(.left).y)) < 0.15)
      #expect((0.5...1.1).contains(mean(steps(.down).y)) && abs(mean(steps(.down).x)) < 0.15)
      #expect((0.5...1.1).contains(-mean(steps(.up).y)) && abs(mean(steps(.up).x)) < 0.15)
      #expect((1.8...2.8).contains(mean(steps(.fastRight).x)))
      #expect((1.8...2.8).contains(-mean(steps(.fastLeft).x)))
      #expect(total(steps(.still).x) + total(steps(.still).y) == 0)
      func growth(_ action: SpriteAction) -> Double {
        Double(covers[action]!.last!.area) / Double(covers[action]![0].area)
      }
      #expect(growth(.approaching) > 2 && growth(.receding) < 0.5)
      let pulses = covers[.pulsing]!.map { Double($0.area) }
      #expect(pulses.max()! > 2 * pulses.min()!)
      // They move far and come back, one on a circle, the other on a line.
      for action in [SpriteAction.circling, .toAndFro] {
        let (x, y) = steps(action)
        let roundness = roundness(of: x, y)
        #expect(action == .circling ? roundness > 0.5 : roundness < 0.1, "\(action) \(roundness)")
        #expect(total(x) + total(y) > 10, "\(action)")
        #expect(
          abs(x.reduce(0, +)) + abs(y.reduce(0, +)) < 0.8 * (total(x) + total(y)), "\(action)")
      }
      #expect(total(steps(.bouncing).y) > 20)
      // Rotating sprites stay in place, but change nevertheless.
      for action in [SpriteAction.clockwise, .counterclockwise] {
        let (x, y) = steps(action)
        #expect(abs(mean(x)) < 0.3 && abs(mean(y)) < 0.3)
        #expect(covers[action]![0].isCovered != covers[action]![10].isCovered)
      }
    }
  }

  /// The ratio of the smaller to the larger principal variance of the positions: 1 for a circle, 0 for a line.
  private func roundness(of x: [Double], _ y: [Double]) -> Double {
    func centered(_ steps: [Double]) -> [Double] {
      let places = steps.indices.map { steps[...$0].reduce(0, +) }
      let mean = places.reduce(0, +) / Double(places.count)
      return places.map { $0 - mean }
    }
    let (x, y) = (centered(x), centered(y))
    func product(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let (xx, yy, xy) = (product(x, x), product(y, y), product(x, y))
    let root = ((xx - yy) * (xx - yy) / 4 + xy * xy).squareRoot()
    return ((xx + yy) / 2 - root) / ((xx + yy) / 2 + root)
  }

  /// The rotation between frames for which rings within the sprite agree best: clockwise is positive, as y points down.
  @Test func rotationsHaveTheDirectionOfTheirClass() throws {
    var dataset = dataset()
    dataset.format.width = 128
    dataset.format.height = 96
    for scene in 0..<3 {
      let covers = covers(dataset, scene: scene)
      for (action, sign) in [(SpriteAction.clockwise, 1.0), (.counterclockwise, -1.0)] {
        let frames = dataset.frames(of: action, number: scene)
        let cover = covers[action]![0]
        let middle = cover.middle
        let radius = (Double(cover.area) / .pi).squareRoot()
        /// The gray values on rings around the center, by degree.
        func rings(_ frame: Picture) -> [[Double]] {
          [0.35, 0.5, 0.65, 0.8].map { share in
            (0..<360).map { degree in
              let angle = Double(degree) * .pi / 180
              func place(_ middle: Double, _ shift: Double, _ period: Int) -> Int {
                let place = Int((middle + radius * share * shift).rounded())
                return (place % period + period) % period
              }
              let pixel =
                place(middle.y, sin(angle), 96) * 128 + place(middle.x, cos(angle), 128)
              return (0..<3).reduce(0) { $0 + Double(frame.pixels[3 * pixel + $1]) }
            }
          }
        }
        // In a fifth of a second, it rotates by 17 to 30 degrees.
        let turns = stride(from: 0, to: 24, by: 3).map { time in
          let (before, after) = (rings(frames[time]), rings(frames[time + 3]))
          return (-60...60).min { one, other in
            func difference(_ turn: Int) -> Double {
              zip(before, after).reduce(0) { sum, pair in
                sum
                  + (0..<360).reduce(0) {
                    $0 + abs(pair.0[$1] - pair.1[($1 + turn + 360) % 360])
                  }
              }
            }
            return difference(one) < difference(other)
          }!
        }
        let middleTurn = turns.sorted()[turns.count / 2]
        #expect((12...36).contains(sign * Double(middleTurn)), "\(action), \(scene): \(turns)")
      }
    }
  }

  /// A position reveals nothing: sprites of every class are everywhere.
  @Test func placesAreUniformInEveryClass() {
    var dataset = dataset()
    dataset.format.duration = 0.2
    for action in [SpriteAction.still, .fastRight, .bouncing] {
      var counts = [Int](repeating: 0, count: 4)
      for scene in 0..<80 {
        let still = dataset.frames(of: .left, number: scene)[0]
        let frame = dataset.frames(of: action, number: scene)[2]
        // Two frames of different classes differ where either sprite is; the ground is that of a third.
        let third = dataset.frames(of: .circling, number: scene)[0]
        let covered = (0..<48 * 36).map { pixel in
          let place = 3 * pixel
          func differs(_ other: Picture) -> Bool {
            (0..<3).contains {
              abs(Int(frame.pixels[place + $0]) - Int(other.pixels[place + $0])) > 12
            }
          }
          return differs(still) && differs(third)
        }
        let middle = Cover(width: 48, height: 36, isCovered: covered).middle
        counts[(middle.x < 0 ? 0 : 1) + (middle.y < 0 ? 0 : 2)] += 1
      }
      let statistic = counts.reduce(0) { $0 + Double(($1 - 20) * ($1 - 20)) / 20 }
      // 3 degrees of freedom, p = 0.001.
      #expect(statistic < 16.3, "\(action): \(counts)")
    }
  }

  @Test func aSeedDeterminesTheDataset() {
    let first = dataset(.hard).frames(of: .circling, number: 3)
    #expect(dataset(.hard).frames(of: .circling, number: 3) == first)
    #expect(dataset(.standard).frames(of: .circling, number: 3) != first)
    var other = dataset(.hard)
    other.seed = 1
    #expect(other.frames(of: .circling, number: 3) != first)
    #expect(dataset(.hard).frames(of: .circling, number: 4) != first)
  }

  /// The frames of the first version, bit for bit: other ones would make all earlier results incomparable.
  @Test func plainSpritesAreThoseOfTheFirstVersion() {
    var dataset = SpriteDataset()
    dataset.setting = .plain
    dataset.seed = 1
    dataset.format.duration = 0.2
    var hash = FNV1a()
    for difficulty in SpriteDifficulty.allCases {
      dataset.difficulty = difficulty
      for (number, action) in SpriteAction.allCases.enumerated() {
        for frame in dataset.frames(of: action, number: number) { hash.add(frame.pixels) }
      }
    }
    #expect(hash.value == 0x5aeb_10d0_7ce0_d246)
  }

  /// Each look is typical of three classes, and one of five consecutive scenes of a class has another look.
  @Test func looksTellAPartOfTheClass() throws {
    var dataset = SpriteDataset()
    dataset.seed = 3
    for look in SpriteLook.allCases {
      #expect(SpriteAction.allCases.count { $0.look == look } == 3)
    }
    for action in SpriteAction.allCases {
      var others: Set<SpriteLook> = []
      for block in 0..<20 {
        let looks = (0..<5).compactMap { dataset.look(of: action, number: 5 * block + $0) }
        #expect(looks.count == 5 && looks.count { $0 == action.look } == 4)
        others.formUnion(looks)
      }
      #expect(others.count == 5, "\(action)")
    }
    dataset.setting = .plain
    #expect(dataset.look(of: .still, number: 0) == nil)
  }

  /// A look is seen in a single frame, whatever the class: the mean colors of frames of two looks differ by more than those
  /// of one look. The motion of a class does not depend on the look.
  @Test func looksAreSeenInSingleFrames() throws {
    var dataset = dataset(.standard)
    dataset.setting = .looks
    func blueness(_ look: SpriteLook) -> [Double] {
      SpriteAction.allCases.flatMap { action in
        (0..<5).filter { dataset.look(of: action, number: $0) == look }.map { number in
          let pixels = dataset.frames(of: action, number: number)[0].pixels
          let sums = (0..<3).map { channel in
            stride(from: channel, to: pixels.count, by: 3).reduce(0.0) { $0 + Double(pixels[$1]) }
          }
          return sums[2] / (sums[0] + sums[1] + sums[2])
        }
      }
    }
    let (sea, desert) = (blueness(.sea), blueness(.desert))
    #expect(sea.count > 5 && desert.count > 5)
    #expect(sea.min()! > desert.max()!)
  }

  /// The list names the look of each video, the setting and its version; that of plain sprites is the first version's.
  @Test func annotationsCarryTheSettingAndItsVersion() throws {
    let folder = try ScratchFolder()
    var dataset = dataset(.plain)
    dataset.actions = [.left, .up]
    (dataset.trainingVideos, dataset.testVideos) = (1, 1)
    dataset.format.duration = 0.2
    try write(dataset, to: folder.path + "/plain")
    dataset.setting = .looks
    try write(dataset, to: folder.path + "/looks")
    func list(_ name: String) throws -> [String] {
      String(decoding: try folder.bytes("\(name)/annotations.csv"), as: UTF8.self)
        .split(separator: "\n").map(String.init)
    }
    #expect(
      try list("plain") == [
        "path,label,split", "left/train-0000.mp4,left,train", "left/test-0001.mp4,left,test",
        "up/train-0000.mp4,up,train", "up/test-0001.mp4,up,test",
      ])
    let looks = try list("looks")
    #expect(looks[0] == "path,label,split,look,sprites")
    for (line, (action, number)) in zip(
      looks.dropFirst(), [(SpriteAction.left, 0), (.left, 1), (.up, 0), (.up, 1)])
    {
      let look = try #require(dataset.look(of: action, number: number))
      #expect(line.hasSuffix(",\(look.rawValue),looks-1"), "\(line)")
    }
    #expect(try SpriteSetting(ofFolder: folder.path + "/plain") == .plain)
    #expect(try SpriteSetting(ofFolder: folder.path + "/looks") == .looks)
    let read = try ActionDataset(
      DatasetDescription(kind: .csv, videos: folder.path + "/looks"))
    #expect(read.classNames == ["left", "up"] && read.videos.count == 4)
    try folder.write(
      "path,label,split,look,sprites\na.mp4,left,test,sea,looks-99\n", to: "later/annotations.csv")
    #expect(throws: UnknownSpriteSetting.self) {
      try SpriteSetting(ofFolder: folder.path + "/later")
    }
  }

  /// The camera moves static content, and small objects move next to the sprite.
  @Test(arguments: [SpriteDifficulty.standard, .hard])
  func difficultiesPutSomethingInTheWay(difficulty: SpriteDifficulty) {
    let frames = dataset(difficulty).frames(of: .still, number: 0)
    #expect(Set(frames.map(\.pixels)).count > frames.count / 2)
  }

  private struct Stop: Error {}

  private func write(_ dataset: SpriteDataset, to path: String, failure: Stop? = nil) throws {
    try dataset.write(to: path) { _ in if let failure { throw failure } }
  }

  @Test func theFolderIsADatasetOfVideos() throws {
    let folder = try ScratchFolder()
    let path = folder.path + "/sprites"
    var dataset = dataset(.standard)
    dataset.actions = [.left, .right]
    (dataset.trainingVideos, dataset.testVideos) = (2, 1)
    try dataset.write(to: path) { _ in }
    let read = try ActionDataset(
      DatasetDescription(kind: .csv, videos: path))
    #expect(read.classNames == ["left", "right"])
    #expect(read.videos.count { $0.subset == .training } == 4)
    #expect(read.videos.count { $0.subset == .test } == 2)
    let video = try Video(contentsOf: path + "/left/train-0001.mp4")
    let times = (0..<30).map { Double($0) / 15 + 0.03 }
    let frames: [Picture] = try video.pictures(shownAt: times, shortSide: nil)
    let made = dataset.frames(of: .left, number: 1)
    #expect(frames.count == 30 && frames[0].width == 48)
    let difference = zip(frames[7].pixels, made[7].pixels).map { abs(Int($0) - Int($1)) }
    #expect(difference.reduce(0, +) < 12 * difference.count)
    #expect(throws: SpriteDatasetError.self) { try write(dataset, to: path) }

    // An incomplete folder is not a dataset.
    let torso = folder.path + "/torso"
    #expect(throws: Stop.self) { try write(dataset, to: torso, failure: Stop()) }
    #expect(!FileManager.default.fileExists(atPath: torso + "/annotations.csv"))
  }
}
