import KeyedRandom
import Media
import SyntheticData
import VideoSamples

extension ShapeVideo.Level {
  /// What the level's videos have.
  var features: ShapeScene.Features {
    switch self {
    case .staticCircles: []
    case .movingCircles: .moves
    case .movingShapes: [.moves, .polygons]
    case .transformingShapes: [.moves, .polygons, .transforms]
    case .acceleratingShapes, .texturedShapes, .pictureShapes:
      [.moves, .polygons, .transforms, .accelerates]
    }
  }
}

extension ShapeTextures {
  /// The textures of a video's objects; nil for plain colors.
  ///
  /// - Throws: `MediaError` if there are no pictures at the path that the video names.
  static func textures(of video: ShapeVideo) throws(MediaError) -> ShapeTextures? {
    switch video.level {
    case .texturedShapes: return .deadLeaves
    case .pictureShapes: return try pictures(at: video.pictures!)
    default: return nil
    }
  }

  /// The pictures at each path that was searched so far. Searching a folder for each sample would take longer than drawing it.
  private static let shown = Guarded<[String: ShapeTextures]>([:])

  private static func pictures(at path: String) throws(MediaError) -> ShapeTextures {
    if let known = shown.withLock({ $0[path] }) { return known }
    do {
      return show(try SourceSearch.ofShown(at: path).sources.list, of: path)
    } catch {
      throw MediaError(.unreadable, path, "has no pictures: \(error)")
    }
  }

  /// Keeps the pictures that were found at `path`, at least one, for the videos that show them.
  @discardableResult static func show(_ sources: SourceList, of path: String) -> ShapeTextures {
    let textures = ShapeTextures(count: sources.count, kept: 512) { index throws(MediaError) in
      // The middle of the next picture that can be read: a damaged one does not spoil every video that shows it.
      var failure: MediaError?
      for step in 0..<min(sources.count, 8) {
        let source = sources[(index + step) % sources.count]
        do throws(MediaError) {
          let rule = SampleRule.centerStill(height: ShapeTextures.side, width: ShapeTextures.side)
          var unused = KeyedGenerator()
          return try source.clips(rule, using: &unused)[0].pictures[0]
        } catch { failure = failure ?? error }
      }
      throw failure!
    }
    shown.withLock { $0[path] = textures }
    return textures
  }
}

extension ShapeScene {
  /// As ``pictures(_:side:textures:)``, with the textures that its objects need.
  func pictures(_ frames: [Int], side: Int, _ textures: ShapeTextures?) throws(MediaError)
    -> [Picture]
  {
    var needed: [Int: Picture] = [:]
    if let textures {
      for index in texturesShown(in: frames, side: side) {
        needed[index] = try textures.picture(index)
      }
    }
    return pictures(frames, side: side, textures: needed)
  }
}
