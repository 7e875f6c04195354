import Pretext
import TestSupport
import Testing
import Torch

@Suite struct NormalizationTests {
  /// In one pass, with whole and with partial vectors, and for frames whose channels are last: the same bits as by libtorch's
  /// operators, for which frames that need a gradient take them.
  @Test(arguments: [(2, 3, 16, 16), (1, 2, 7, 5), (3, 1, 1, 33)])
  func onePassHasTheBitsOfTheOperators(clips: Int, frames: Int, height: Int, width: Int) {
    let normalization = Normalization.kinetics
    let planes = randomPictures(1, count: clips * frames, height: height, width: width).0
      .unitRange.reshaped([clips, frames, 3, height, width])
    let channelsLast = planes.permuted([0, 1, 3, 4, 2]).contiguous().permuted([0, 1, 4, 2, 3])
    let differentiable = planes.clone()
    differentiable.requiresGradient = true
    let expected = normalization.clips(from: differentiable)
    for input in [planes, channelsLast] {
      let result = normalization.clips(from: input)
      #expect(result.isEqual(to: expected.detached()))
      #expect(result.isContiguous(.video))
    }
    #expect(difference(normalization.frames(from: expected.detached()), planes) < 1e-6)
    let onMeta = Tensor.uninitialized(planes.shape, device: .meta).normalizedClips(
      scale: .ones([3], device: .meta), shift: .ones([3], device: .meta))
    #expect(onMeta.shape == expected.shape)
  }
}
