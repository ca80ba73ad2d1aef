"""Length-bucketed batches: every row is one conversation from position 0, padded to its bucket."""

import collections

import numpy
import torch

import config


class Batches:
    """A fixed, seedless order of micro-batches over the corpus; `step(n)` can be asked in increasing order only."""

    def __init__(self, corpus, pad_id):
        self.ids, self.kinds = corpus["ids"], corpus["kinds"]
        ends = corpus["ends"]
        self.starts = numpy.concatenate(([0], ends[:-1]))
        self.ends = ends
        self.pad_id = pad_id
        self.stream = self._order()

    def _order(self):
        """Yields (bucket length, document numbers) whenever a bucket has a full micro-batch."""
        queues = collections.defaultdict(list)
        for document, length in enumerate(self.ends - self.starts):
            bucket = next(b for b in config.BUCKETS if length <= b)
            queues[bucket].append(document)
            if len(queues[bucket]) == max(1, config.MICRO_TOKENS // bucket):
                yield bucket, queues.pop(bucket)

    def skip(self, steps):
        """Moves past steps that are already done."""
        for _ in range(steps * config.MICRO_BATCHES):
            next(self.stream)

    def step(self):
        """The micro-batches of the next step: list of (inputs, targets, weights)."""
        return [self._tensors(*next(self.stream)) for _ in range(config.MICRO_BATCHES)]

    def _tensors(self, bucket, documents):
        rows = len(documents)
        inputs = numpy.full((rows, bucket), self.pad_id, dtype=numpy.int64)
        targets = numpy.full((rows, bucket), self.pad_id, dtype=numpy.int64)
        weights = numpy.zeros((rows, bucket), dtype=numpy.float32)
        scale = numpy.array([0.0, config.PROMPT_WEIGHT, 1.0], dtype=numpy.float32)
        for row, document in enumerate(documents):
            start, end = self.starts[document], self.ends[document]
            size = end - start
            inputs[row, :size] = self.ids[start:end]
            targets[row, : size - 1] = self.ids[start + 1 : end]
            weights[row, : size - 1] = scale[self.kinds[start + 1 : end]]
        return torch.from_numpy(inputs), torch.from_numpy(targets), torch.from_numpy(weights)
