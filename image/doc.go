// Package image turns an image into a root filesystem, which is a directory,
// and a command.
//
//	img, err := image.Open("app.aci", image.Options{})
//	...
//	defer img.Close()
//	cache := image.Cache{Dir: dir}
//	root, err := cache.Root(ctx, img, image.UnpackOptions{})
//	...
//	defer root.Close()
//	// run img.Command.Args() with the root root.Dir
//
// Images are App Container images (.aci), OCI image layouts, archives of
// "docker save", OCI runtime bundles, tarballs of a root filesystem and plain
// directory trees; which one it is is told by what is inside, not by a name.
//
// What an image wants that is more than files and a command (isolators, mount
// points, event handlers) is handed on as values, with words on what can be
// had. The package runs nothing, and knows nothing of sandboxes.
//
// An image is not trusted: nothing in it is ever written outside of the
// directory that it is unpacked to, see docs/images.md.
package image
