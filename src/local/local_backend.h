// A chat backend that runs a model of its own from a GGUF file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "chat/chat_backend.h"
#include "engine/engine.h"
#include "local/loaded_model.h"
#include "local/make_record.h"
#include "metrics/registry.h"

namespace millrace::local {

// Serves one record from a model that others may serve too. Thread-safe. Streams it started must be
// gone before it is destroyed.
class LocalBackend : public chat::ChatBackend {
 public:
  // The model may be loaded later: until then requests are prepared and refused at Start with
  // kUnavailable. `clock` and `random` are borrowed. Errors: those of ReadChatFormat.
  static base::Result<std::unique_ptr<LocalBackend>> Create(std::shared_ptr<LoadedModel> model,
                                                            const ServedAs& served,
                                                            const base::Clock* clock,
                                                            base::RandomSource* random);

  // What was asked of the record and cannot be had.
  virtual const std::vector<RecordConflict>& conflicts() const = 0;
  virtual const std::shared_ptr<LoadedModel>& model() const = 0;
  // Of the model's engine, whoever uses it; zeros until it is loaded.
  virtual engine::EngineStats stats() const = 0;

  // Ends every request that was started before this call with `error`, whatever it is doing: its
  // stream gives what was computed so far, then Failed. Requests started later are served. Does
  // not wait. Other records of the same model are meant, too.
  virtual void FailRunning(base::Error error) = 0;
};

}  // namespace millrace::local
