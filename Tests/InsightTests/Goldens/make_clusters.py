"""clusters.json: k-means, t-SNE's trustworthiness and mutual information by scikit-learn (made with 1.9.1).

pip install scikit-learn; the points come from KeyedGenerator, so they are not stored."""

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.manifold import TSNE, trustworthiness
from sklearn.metrics import normalized_mutual_info_score

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "KeyedRandomTests" / "Goldens"))
from keyed_random import KeyedGenerator  # noqa: E402


def blobs(key, count, size, centers, spread):
    """Points around `centers` places in [-1, 1]^size, at offsets that are sums of four uniform numbers: partly overlapping."""
    generator = KeyedGenerator(*key)
    middle = [[generator.uniform(-1, 1) for _ in range(size)] for _ in range(centers)]
    points = [
        [
            middle[index % centers][axis] + spread * sum(generator.uniform(-1, 1) for _ in range(4))
            for axis in range(size)
        ]
        for index in range(count)
    ]
    return np.array(points, dtype=np.float32)


def labels(key, count, kinds):
    generator = KeyedGenerator(*key)
    return [generator.integer(kinds) for _ in range(count)]


def main():
    points = blobs((5, 1), 300, 32, 7, 0.55)
    kmeans = [
        {"clusters": k, "inertia": KMeans(k, n_init=20, random_state=0).fit(points).inertia_}
        for k in (2, 5, 7, 12)
    ]
    embeddings = [
        TSNE(perplexity=30, method="exact", init=init, random_state=0).fit(points)
        for init in ("pca", "random")
    ]
    tsne = {
        "perplexity": 30,
        "trustworthiness": [trustworthiness(points, e.embedding_, n_neighbors=5) for e in embeddings],
        "divergence": [float(e.kl_divergence_) for e in embeddings],
        "plane": trustworthiness(points, points[:, :2], n_neighbors=5),
    }
    information = []
    for index, (count, a, b) in enumerate([(100, 5, 3), (57, 2, 5), (300, 12, 7), (10, 1, 4), (6, 1, 1)]):
        first, second = labels((5, 2, index), count, a), labels((5, 3, index), count, b)
        mixed = [x if i % 3 else y for i, (x, y) in enumerate(zip(first, second))]
        information.append(
            {
                "count": count, "kinds": [a, b],
                "independent": normalized_mutual_info_score(first, second),
                "mixed": normalized_mutual_info_score(first, mixed),
            }
        )
    content = {"kmeans": kmeans, "tsne": tsne, "information": information}
    (HERE / "clusters.json").write_text(json.dumps(content, indent=1) + "\n")


main()
