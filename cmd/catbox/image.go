package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/catbox-go/catbox/image"
)

func newImage() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "run and unpack images: App Container, OCI, docker archives, directories",
		Long: `Run and unpack images. IMAGE is an App Container image (.aci), an OCI image
layout, an archive of 'docker save', an OCI runtime bundle, a tar of a root
filesystem or a directory that is one; which, is told by what is inside.`,
		Example: `  catbox image run app.aci
  catbox image run --bind .:/src --cd /src -w /root --fakeroot debian.oci make
  catbox image unpack app.aci rootfs`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %s", args[0])
			}
			return usage("a command is missing: run, unpack, list, prune or inspect")
		},
	}
	cmd.AddCommand(newImageRun(), newImageUnpack(), newImageList(), newImagePrune(), newImageInspect(), newImageAs())
	return cmd
}

// imageOptions say which image is meant, and where images are unpacked.
type imageOptions struct {
	cache        string
	ref          string
	platform     string
	dependencies []string
}

// addFlags adds those that pick the image.
func (o *imageOptions) addFlags(f *pflag.FlagSet) {
	f.Var((*list)(&o.dependencies), "dependency", "look for dependencies of an App Container image in the image `FILE` (repeat)")
	f.Var((*word)(&o.ref), "ref", "the image of that `NAME` or digest, where there are several in IMAGE")
	f.Var((*word)(&o.platform), "platform", "the image for `OS/ARCH`[/VARIANT] (default: this machine's)")
}

func (o *imageOptions) addCacheFlag(f *pflag.FlagSet) {
	f.Var((*word)(&o.cache), "cache", "`DIR` holds the root filesystems (default: catbox/images in $XDG_CACHE_HOME or ~/.cache)")
}

// where is the cache.
func (o *imageOptions) where() (image.Cache, error) {
	if o.cache != "" {
		dir, err := filepath.Abs(o.cache)
		return image.Cache{Dir: dir}, err
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return image.Cache{}, fmt.Errorf("%w: give --cache", err)
	}
	return image.Cache{Dir: filepath.Join(dir, "catbox", "images")}, nil
}

// sayWarnings says what an image wants and does not get.
func sayWarnings(img *image.Image) {
	for _, w := range img.Warnings {
		say("%s", w)
	}
}

// open opens the image.
func (o *imageOptions) open(path string) (*image.Image, error) {
	return image.Open(path, image.Options{
		Dependencies: o.dependencies, Ref: o.ref, Platform: o.platform, Executor: "catbox",
	})
}

// unpacking shows on a terminal how far an image is, if that takes long.
func unpacking(name string, unpack func(progress func(done, total int64)) error) error {
	var done, total atomic.Int64
	line := showLine(func(passed time.Duration) string {
		if passed < time.Second {
			return ""
		}
		return unpackLine(name, done.Load(), total.Load(), passed)
	})
	defer line.close()
	return unpack(func(d, t int64) { done.Store(d); total.Store(t) })
}

func unpackLine(name string, done, total int64, passed time.Duration) string {
	text := fmt.Sprintf("catbox: unpacking %s: %s", name, size(done))
	if total > 0 {
		text += fmt.Sprintf(" of %s (%d%%)", size(total), min(100, 100*done/total))
	}
	return printable(text + ", " + passed.Truncate(time.Second).String())
}

// size is a number of bytes for people.
func size(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for ; f >= 1023.95 && i < len(units)-1; i++ {
		f /= 1024
	}
	return fmt.Sprintf("%.1f %ciB", f, units[i])
}

// root returns the root filesystem of the image, unpacked now if it has to be.
func (o *imageOptions) root(ctx context.Context, cache image.Cache, img *image.Image) (entry *image.Entry, err error) {
	err = unpacking(filepath.Base(img.Path), func(progress func(done, total int64)) error {
		entry, err = cache.Root(ctx, img, image.UnpackOptions{Progress: progress})
		return err
	})
	return entry, err
}
