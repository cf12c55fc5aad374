// Streams carry out what was queued on them when, and only when, somebody waits for it: a result that is read without
// waiting is still what it was before.
#include <cstring>
#include <sched.h>

#include "driver.hpp"

namespace bed {
namespace {

std::mutex mutex;  // of the maps below
std::map<void*, StreamRef> streams;
std::map<void*, EventRef> events;
std::atomic<int> captures{0};

// The legacy default stream of a context; all of them live as long as the process.
Stream& legacy_stream(Context* context) {
  static std::mutex mutex;
  static auto* streams = new std::map<Context*, StreamRef>;
  std::lock_guard<std::mutex> lock(mutex);
  StreamRef& stream = (*streams)[context];
  if (!stream) stream = std::make_shared<Stream>(context, true);
  return *stream;
}

bool is_legacy(const Stream& stream) { return &stream == &legacy_stream(stream.context); }

void copy_bytes(const Operation& operation) {
  const void* from = operation.data.empty() ? reinterpret_cast<const void*>(operation.from) : operation.data.data();
  std::memmove(reinterpret_cast<void*>(operation.to), from, operation.bytes);
  if (operation.counter) *operation.counter += operation.bytes;
}

void fill_bytes(const Operation& operation) {
  u8* to = reinterpret_cast<u8*>(operation.to);
  if (operation.width == 1) {
    std::memset(to, int(operation.value), operation.bytes);
    return;
  }
  for (std::size_t i = 0; i < operation.bytes; i++) std::memcpy(to + i * operation.width, &operation.value, operation.width);
}

void reach(const Operation& operation) {
  operation.event->time = std::chrono::steady_clock::now();
  operation.event->reached = operation.generation;
}

void execute_unless_lost(const Operation& operation, int device);

void execute(const Operation& operation, int device) {
  switch (operation.kind) {
    case Operation::LAUNCH: return execute_launch(operation, device);
    case Operation::COPY: return copy_bytes(operation);
    case Operation::FILL: return fill_bytes(operation);
    case Operation::RECORD: return reach(operation);
    case Operation::WAIT: return wait_for(*operation.event, operation.generation);
    case Operation::FREE: return void(release(operation.to));
    case Operation::CALL: return operation.call(operation.user);
    case Operation::GRAPH:
      counting.graph_launches++;
      for (const Operation& each : operation.graph->operations) execute_unless_lost(each, device);
  }
}

// A lost device does nothing more, but what waits for it must not wait for ever.
void execute_unless_lost(const Operation& operation, int device) {
  if (device_status(device) == SUCCESS)
    execute(operation, device);
  else if (operation.kind == Operation::RECORD)
    reach(operation);
}

void execute_first(Stream& stream) {
  const Operation operation = std::move(stream.queue.front());
  stream.queue.pop_front();
  execute_unless_lost(operation, stream.context->device);
}

// Kept by whoever looks at a stream that another thread may destroy meanwhile.
std::vector<StreamRef> all_streams() {
  std::lock_guard<std::mutex> lock(mutex);
  std::vector<StreamRef> all;
  for (const auto& [handle, stream] : streams) all.push_back(stream);
  return all;
}

StreamRef if_alive(const Event& event) {
  Stream* const stream = event.stream;
  if (stream == &legacy_stream(event.context)) return StreamRef(stream, [](Stream*) {});
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = streams.find(stream);
  return found == streams.end() ? nullptr : found->second;
}

// The legacy default stream and the blocking ones of its context wait for each other.
void order_with_legacy(Stream& stream) {
  if (!stream.blocking) return;
  if (!is_legacy(stream)) return drain(legacy_stream(stream.context));
  for (const StreamRef& other : all_streams())
    if (other->blocking && other->context == stream.context) drain(*other);
}

int refuse_capture(Stream& stream, const char* call) {
  stream.capture->spoiled = true;
  return refuse(STREAM_CAPTURE_UNSUPPORTED, "%s on a stream that is capturing", call);
}

}  // namespace

Stream* stream_of(void* handle) {
  constexpr u64 LEGACY = 1, PER_THREAD = 2;
  const u64 value = reinterpret_cast<u64>(handle);
  if (value == 0 || value == LEGACY || value == PER_THREAD) {
    if (!bound) misuse("a default stream is used, and no context is bound to this thread");
    return &legacy_stream(bound);
  }
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = streams.find(handle);
  if (found == streams.end()) misuse("%p is no stream, or no longer one", handle);
  return found->second.get();
}

EventRef event_of(void* handle) {
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = events.find(handle);
  if (found == events.end()) misuse("%p is no event, or no longer one", handle);
  return found->second;
}

int submit(Stream& stream, Operation&& operation) {
  if (!stream.capture) order_with_legacy(stream);
  std::lock_guard<std::mutex> lock(stream.mutex);
  if (stream.capture)
    stream.capture->operations.push_back(std::move(operation));
  else
    stream.queue.push_back(std::move(operation));
  return SUCCESS;
}

void drain(Stream& stream) {
  std::lock_guard<std::mutex> lock(stream.mutex);
  while (!stream.queue.empty()) execute_first(stream);
}

void drain_everything() {
  drain(legacy_stream(bound));
  for (const StreamRef& stream : all_streams())
    if (stream->context == bound) drain(*stream);
}

// The record may be further back in a stream that another thread is carrying out, or in one nobody has waited for yet.
void wait_for(const Event& event, u64 generation) {
  while (event.reached < generation) {
    const StreamRef stream = if_alive(event);
    if (!stream || !stream->mutex.try_lock()) {
      sched_yield();
      continue;
    }
    while (event.reached < generation && !stream->queue.empty()) execute_first(*stream);
    stream->mutex.unlock();
  }
}

int synchronize(Stream& stream) {
  if (stream.capture) return refuse_capture(stream, "a synchronization");
  counting.synchronizations++;
  order_with_legacy(stream);
  drain(stream);
  return device_status(stream.context->device);
}

bool capturing_anywhere() { return captures != 0; }

namespace {

int create_stream(void** handle, unsigned flags) {
  constexpr unsigned NON_BLOCKING = 1;
  if (const int refused = bound_status()) return refused;
  StreamRef stream = std::make_shared<Stream>(bound, !(flags & NON_BLOCKING));
  std::lock_guard<std::mutex> lock(mutex);
  *handle = stream.get();
  streams[*handle] = std::move(stream);
  return SUCCESS;
}

}  // namespace
}  // namespace bed

using namespace bed;

API cuStreamCreate(void** stream, unsigned flags) { return create_stream(stream, flags); }
API cuStreamCreateWithPriority(void** stream, unsigned flags, int) { return create_stream(stream, flags); }
API cuStreamDestroy_v2(void* handle) {
  ENTER();
  drain(*stream_of(handle));
  std::lock_guard<std::mutex> lock(mutex);
  streams.erase(handle);
  return SUCCESS;
}
API cuStreamSynchronize(void* stream) {
  ENTER();
  return synchronize(*stream_of(stream));
}
API cuStreamQuery(void* handle) {
  ENTER();
  Stream& stream = *stream_of(handle);
  std::lock_guard<std::mutex> lock(stream.mutex);
  if (!stream.queue.empty()) execute_first(stream);
  return stream.queue.empty() ? entry_status() : NOT_READY;
}
API cuStreamGetCtx(void* stream, Context** context) {
  ENTER();
  *context = stream_of(stream)->context;
  return SUCCESS;
}
API cuStreamAttachMemAsync(void*, Pointer, std::size_t, unsigned) { return NOT_SUPPORTED; }
API cuLaunchHostFunc(void* stream, void (*call)(void*), void* user) {
  ENTER();
  Operation operation{Operation::CALL};
  operation.call = call;
  operation.user = user;
  return submit(*stream_of(stream), std::move(operation));
}

API cuEventCreate(void** handle, unsigned) {
  if (const int refused = bound_status()) return refused;
  EventRef event = std::make_shared<Event>(bound);
  *handle = event.get();
  std::lock_guard<std::mutex> lock(mutex);
  events[*handle] = std::move(event);
  return SUCCESS;
}
API cuEventDestroy_v2(void* handle) {
  ENTER();
  std::lock_guard<std::mutex> lock(mutex);
  if (!events.erase(handle)) misuse("%p is destroyed and is no event, or no longer one", handle);
  return SUCCESS;
}
API cuEventRecord(void* handle, void* stream_handle) {
  ENTER();
  Stream& stream = *stream_of(stream_handle);
  Operation operation{Operation::RECORD};
  operation.event = event_of(handle);
  if (operation.event->context != stream.context)
    return refuse(INVALID_HANDLE, "an event of device %d on a stream of device %d", operation.event->context->device, stream.context->device);
  operation.event->captured = stream.capture;
  if (stream.capture) return SUCCESS;  // the order of the calls is the order in the graph
  operation.event->stream = &stream;
  operation.generation = ++operation.event->recorded;
  return submit(stream, std::move(operation));
}
API cuStreamWaitEvent(void* stream_handle, void* handle, unsigned) {
  ENTER();
  Stream& stream = *stream_of(stream_handle);
  const EventRef event = event_of(handle);
  if (event->captured) {
    stream.capture = event->captured;  // a fork: this stream's work joins the graph
    return SUCCESS;
  }
  if (stream.capture) return refuse_capture(stream, "waiting for an event recorded outside the capture");
  Operation operation{Operation::WAIT};
  operation.event = event;
  operation.generation = event->recorded;
  return submit(stream, std::move(operation));
}
API cuEventSynchronize(void* handle) {
  ENTER();
  const EventRef event = event_of(handle);
  counting.synchronizations++;
  wait_for(*event, event->recorded);
  return entry_status();
}
API cuEventQuery(void* handle) {
  ENTER();
  const EventRef event = event_of(handle);
  if (event->reached >= event->recorded) return SUCCESS;
  if (const StreamRef stream = if_alive(*event)) {
    std::lock_guard<std::mutex> lock(stream->mutex);
    if (!stream->queue.empty()) execute_first(*stream);
  }
  return event->reached >= event->recorded ? entry_status() : NOT_READY;
}
API cuEventElapsedTime_v2(float* milliseconds, void* begin, void* end) {
  ENTER();
  const EventRef a = event_of(begin), b = event_of(end);
  if (!a->recorded || !b->recorded) return INVALID_HANDLE;
  if (a->reached < a->recorded || b->reached < b->recorded) return NOT_READY;
  *milliseconds = std::chrono::duration<float, std::milli>(b->time - a->time).count();
  return SUCCESS;
}
API cuEventElapsedTime(float* milliseconds, void* begin, void* end) { return cuEventElapsedTime_v2(milliseconds, begin, end); }

API cuStreamBeginCapture_v2(void* handle, int) {
  if (const int refused = bound_status()) return refused;
  Stream& stream = *stream_of(handle);
  if (is_legacy(stream)) return refuse(STREAM_CAPTURE_UNSUPPORTED, "the legacy default stream cannot capture");
  if (stream.capture) return refuse(INVALID_VALUE, "the stream is capturing already");
  stream.capture = std::make_shared<Graph>();
  captures++;
  return SUCCESS;
}
API cuStreamEndCapture(void* handle, void** graph) {
  ENTER();
  Stream& stream = *stream_of(handle);
  if (!stream.capture) return refuse(INVALID_VALUE, "the stream is not capturing");
  const std::shared_ptr<Graph> captured = stream.capture;
  captures--;
  std::lock_guard<std::mutex> lock(mutex);
  for (const auto& [each_handle, each] : streams)
    if (each->capture == captured) each->capture = nullptr;
  if (captured->spoiled) return STREAM_CAPTURE_INVALIDATED;
  *graph = new std::shared_ptr<Graph>(captured);
  return SUCCESS;
}
API cuStreamIsCapturing(void* handle, int* status) {
  ENTER();
  const Stream& stream = *stream_of(handle);
  *status = !stream.capture ? 0 : stream.capture->spoiled ? 2 : 1;
  return SUCCESS;
}
API cuGraphInstantiateWithFlags(void** instance, void* graph, unsigned long long) {
  ENTER();
  *instance = new std::shared_ptr<Graph>(*static_cast<std::shared_ptr<Graph>*>(graph));
  return SUCCESS;
}
API cuGraphLaunch(void* instance, void* stream) {
  ENTER();
  Operation operation{Operation::GRAPH};
  operation.graph = *static_cast<std::shared_ptr<Graph>*>(instance);
  return submit(*stream_of(stream), std::move(operation));
}
API cuGraphUpload(void*, void*) { return entry_status(); }
API cuGraphExecDestroy(void* instance) {
  delete static_cast<std::shared_ptr<Graph>*>(instance);
  return entry_status();
}
API cuGraphDestroy(void* graph) {
  delete static_cast<std::shared_ptr<Graph>*>(graph);
  return entry_status();
}
