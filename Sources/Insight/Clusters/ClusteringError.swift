/// Why clips cannot be clustered or embedded.
public enum ClusteringError: Error, Equatable, Sendable, CustomStringConvertible {
  /// There are fewer clips than clusters.
  case tooFewPoints(points: Int, clusters: Int)
  /// There are fewer different features than clusters.
  case tooFewDistinctPoints(distinct: Int, clusters: Int)
  /// There are more clips than t-SNE supports.
  case tooManyPoints(points: Int, most: Int)
  /// There are fewer clips than t-SNE needs.
  case tooFewToEmbed(points: Int, least: Int)
  /// The perplexity is too large for the number of clips.
  case perplexityTooLarge(perplexity: Double, points: Int)
  /// Features are infinite or NaN.
  case notFinite
  /// t-SNE did not find an embedding.
  case notEmbedded

  public var description: String {
    switch self {
    case .tooFewPoints(let points, let clusters):
      "\(points) clips are fewer than the \(clusters) clusters: give more videos, or ask for fewer clusters"
    case .tooFewDistinctPoints(let distinct, let clusters):
      "the features of the clips take only \(distinct) different values, fewer than the \(clusters) clusters: the "
        + "network barely distinguishes the clips"
    case .tooManyPoints(let points, let most):
      "\(points) clips are more than the \(most) that an exact t-SNE takes: give fewer videos or fewer clips per video"
    case .tooFewToEmbed(let points, let least):
      "a t-SNE needs at least \(least) clips, not \(points): give more videos, or more clips per video"
    case .perplexityTooLarge(let perplexity, let points):
      "a perplexity of \(TSNE.text(perplexity)) needs at least \(Int((3 * perplexity).rounded(.up)) + 1) clips, not "
        + "\(points): it can be at most \(TSNE.text(TSNE.largestPerplexity(points: points)))"
    case .notFinite:
      "the features are not all finite numbers: the network has diverged"
    case .notEmbedded:
      "t-SNE found no embedding of so few clips: give more videos, or more clips per video"
    }
  }
}
