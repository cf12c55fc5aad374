// A libcuda as containers without a GPU have it: nothing works, and most of it is absent.
extern "C" __attribute__((visibility("default"))) int cuInit(unsigned) {
  constexpr int STUB_LIBRARY = 34;
  return STUB_LIBRARY;
}
