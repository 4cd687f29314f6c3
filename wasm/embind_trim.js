// What embind brings for types that never cross this boundary: wide strings, typed views,
// JavaScript values. Left out of the glue by saying that there is nothing to register.
mergeInto(LibraryManager.library, {
  _embind_register_std_wstring: function () {},
  _embind_register_memory_view: function () {},
  _embind_register_emval: function () {},
});
