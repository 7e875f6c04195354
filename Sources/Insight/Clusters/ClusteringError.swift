/// Points that cannot be clustered or embedded: one sentence.
public enum ClusteringError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooFewPoints(points: Int, clusters: Int)
  case tooFewDistinctPoints(distinct: Int, clusters: Int)
  case tooManyPoints(points: Int, most: Int)
  case tooFewToEmbed(points: Int, least: Int)
  case perplexityTooLarge(perplexity: Double, points: Int)
  case notFinite
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
      "the t-SNE cannot place so few clips: give more videos, or more clips per video"
    }
  }
}
