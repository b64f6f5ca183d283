package supervisor

// FakeRootAttribute is an extended attribute that every file has under a fake
// root, by which a program finds out that it runs under one.
const FakeRootAttribute = "trusted.catbox.fakeroot"
