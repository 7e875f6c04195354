import Foundation
import KeyedRandom
import Media
import SyntheticData
import Testing

/// Moving shapes are distributed and move as in the paper's generator.
@Suite struct ShapeSceneTests {
  private static let all: ShapeScene.Features = [.moves, .polygons, .transforms, .accelerates]

  private func scene(
    _ number: Int, _ features: ShapeScene.Features = Self.all, textureCount: Int? = nil
  ) -> ShapeScene {
    ShapeScene(key: [9, UInt64(number)], features: features, textureCount: textureCount)
  }

  // MARK: Motion

  /// Places are start + (v + a t) t in the direction, cut to whole pixels; without features, parts of it.
  @Test func placesFollowTheFormula() {
    for object in scene(0).objects.prefix(100) {
      for frame in [0, 1, 16, 99] {
        let t = Double(frame)
        func cut(_ v: Double) -> SIMD2<Int> {
          let place = object.start + v * t * object.direction
          return SIMD2(Int(place.x), Int(place.y))
        }
        #expect(
          object.place(at: frame, side: 256, Self.all)
            == cut(object.speed + object.acceleration * t))
        #expect(object.place(at: frame, side: 256, [.moves]) == cut(object.speed))
        #expect(object.place(at: frame, side: 256, []) == cut(0))
      }
    }
  }

  /// At another side, everything scales.
  @Test func placesScaleWithTheSide() {
    for object in scene(1).objects {
      let (large, small) = (
        object.place(at: 40, side: 256, Self.all), object.place(at: 40, side: 64, Self.all)
      )
      #expect(abs(large.x - 4 * small.x) <= 5 && abs(large.y - 4 * small.y) <= 5)
    }
  }

  // MARK: Distributions

  @Test func drawsHaveThePapersDistributions() {
    let objects = (0..<40).flatMap { scene($0).objects }
    #expect(objects.count == 20_000)
    func share(_ holds: (ShapeObject) -> Bool) -> Double {
      Double(objects.count(where: holds)) / 20_000
    }
    // Five deviations of a share of 20,000 are at most 0.018.
    func near(_ found: Double, _ expected: Double) -> Bool { abs(found - expected) < 0.018 }
    for kind in ShapeObject.Kind.allCases { #expect(near(share { $0.kind == kind }, 1.0 / 6)) }
    // A quarter starts in view, as places are uniform in four pictures.
    #expect(near(share { $0.start.x < 256 && $0.start.y < 256 }, 0.25))
    #expect(objects.allSatisfy { (0..<512).contains($0.start.x) && (0..<512).contains($0.start.y) })
    #expect(objects.allSatisfy { (1.2...3).contains($0.speed) && abs($0.acceleration) <= 0.03 })
    #expect(near(share { $0.speed < 2.1 }, 0.5) && near(share { $0.acceleration < -0.015 }, 0.25))
    #expect(near(share { $0.direction.x > 0 && $0.direction.y > $0.direction.x }, 0.125))
    // r^-3 - 1 between 0.1 and 1: the part of the integral, (1 / r² - 100) / 2 + r - 0.1 with a minus, below 0.15 and 0.3.
    func below(_ r: Double) -> Double { ((100 - 1 / (r * r)) / 2 - (r - 0.1)) / (49.5 - 0.9) }
    for bound in [0.15, 0.3, 0.6] {
      #expect(abs(share { $0.radius < bound * 256 } - below(bound)) < 0.03, "radius \(bound)")
    }
    #expect(objects.allSatisfy { (25...256).contains($0.radius) })
    let counts = (0..<500).map { scene($0).frameCount }
    #expect(counts.min()! >= 100 && counts.max()! <= 200)
    let mean = Double(counts.reduce(0, +)) / 500
    #expect(abs(mean - 150) < 7)
  }

  @Test func withoutPolygonsEverythingIsACircle() {
    #expect(scene(0, [.moves]).objects.allSatisfy { $0.kind == .circle })
  }

  // MARK: Pictures

  /// A level only adds: places, speeds and sizes of the objects are those of the levels before.
  @Test func levelsShareTheirObjects() {
    let (plain, full) = (scene(4, []), scene(4, Self.all, textureCount: 10))
    #expect(plain.frameCount == full.frameCount)
    for (a, b) in zip(plain.objects, full.objects) {
      #expect(a.start == b.start && a.speed == b.speed && a.radius == b.radius)
    }
  }

  /// A picture shows each pixel's foremost object: the same as painting all of them from back to front.
  @Test func frontObjectsHideTheOthers() throws {
    let scene = scene(2, [.moves])
    let side = 64
    let picture = scene.pictures([30], side: side)[0]
    var expected = [SIMD3<UInt8>](repeating: .zero, count: side * side)
    var isEdge = [Bool](repeating: false, count: side * side)
    for object in scene.objects {
      let place = object.place(at: 30, side: side, [.moves])
      guard place.x > -side, place.x < 2 * side, place.y > -side, place.y < 2 * side else {
        continue
      }
      let radius = object.radius * Double(side) / 256
      for pixel in 0..<side * side {
        let dx = Double(pixel % side) + 0.5 - Double(place.x)
        let dy = Double(pixel / side) + 0.5 - Double(place.y)
        let distance = (dx * dx + dy * dy).squareRoot()
        // Circles are polygons: pixels close to an edge may be on either side of it.
        if abs(distance - radius) < 0.3 {
          isEdge[pixel] = true
        } else if distance < radius {
          expected[pixel] = object.color
          isEdge[pixel] = false
        }
      }
    }
    var compared = 0
    for pixel in 0..<side * side where !isEdge[pixel] {
      let found = SIMD3(
        picture.pixels[3 * pixel], picture.pixels[3 * pixel + 1], picture.pixels[3 * pixel + 2])
      #expect(found == expected[pixel])
      compared += 1
    }
    #expect(compared > 3000)
  }

  @Test func staticVideosStandStillAndOthersMove() {
    for (features, moves) in [([], false), ([.moves], true), (Self.all, true)]
      as [(ShapeScene.Features, Bool)]
    {
      let frames = scene(5, features).pictures([0, 20, 40], side: 48)
      #expect((Set(frames.map(\.pixels)).count == 3) == moves)
      #expect(frames.allSatisfy { $0.width == 48 && $0.height == 48 })
    }
  }

  @Test func transformedShapesChangeTheirForm() {
    let (moving, transforming) = (
      scene(6, [.moves, .polygons]), scene(6, [.moves, .polygons, .transforms])
    )
    #expect(moving.pictures([0], side: 64) == transforming.pictures([0], side: 64))
    #expect(moving.pictures([60], side: 64) != transforming.pictures([60], side: 64))
  }

  @Test func texturesAreShown() throws {
    let scene = scene(7, [.moves, .polygons], textureCount: 3)
    let colors: [[UInt8]] = [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    var textures: [Int: Picture] = [:]
    for (index, color) in colors.enumerated() {
      textures[index] = Picture(
        width: 160, height: 160, red: color[0], green: color[1], blue: color[2])
    }
    #expect(scene.texturesShown(in: [0, 50], side: 64) == [0, 1, 2])
    let picture = scene.pictures([50], side: 64, textures: textures)[0]
    let shown = Set((0..<64 * 64).map { Array(picture.pixels[3 * $0..<3 * $0 + 3]) })
    #expect(shown.isSubset(of: Set(colors + [[0, 0, 0]])) && shown.count >= 3)
  }

  @Test func texturesOfDeadLeavesAreSquareAndDiffer() throws {
    let (a, b) = (try ShapeTextures.deadLeaves.picture(0), try ShapeTextures.deadLeaves.picture(1))
    #expect(a.width == ShapeTextures.side && a.height == ShapeTextures.side && a != b)
    #expect(try ShapeTextures.deadLeaves.picture(0) == a)
  }

  @Test func aKeyDeterminesTheVideo() {
    let frames = [3, 7]
    #expect(scene(8).pictures(frames, side: 40) == scene(8).pictures(frames, side: 40))
    #expect(scene(8).pictures(frames, side: 40) != scene(9).pictures(frames, side: 40))
    // A frame does not depend on the others that are asked for.
    #expect(scene(8).pictures([7], side: 40)[0] == scene(8).pictures(frames, side: 40)[1])
  }
}
