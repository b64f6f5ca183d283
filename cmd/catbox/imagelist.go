package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/catbox-go/catbox/image"
	"github.com/catbox-go/catbox/record"
)

func newImageList() *cobra.Command {
	var o imageOptions
	format := "text"
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the images that are unpacked in the cache",
		Long:  "List the root filesystems of the cache, the last used one first.",
		Example: `  catbox image list
  catbox image list --format json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, known := imageFormats[format]
			if !known {
				return usage("--format %s: want text or json", record.Quote(format))
			}
			cache, err := o.where()
			if err != nil {
				return err
			}
			entries, err := cache.List()
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), entries)
		},
	}
	cmd.Flags().Var((*word)(&format), "format", "`FORMAT`: text or json")
	o.addCacheFlag(cmd.Flags())
	return cmd
}

var imageFormats = map[string]func(io.Writer, []image.Entry) error{"text": writeImages, "json": writeImagesJSON}

// writeImages writes a line for each, under a heading if there are any.
func writeImages(w io.Writer, entries []image.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "KEY\tFORMAT\tSIZE\tUSED\tNAME")
	for _, e := range entries {
		used := e.LastUsed.Local().Format("2006-01-02 15:04")
		if e.InUse {
			used = "now"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", e.Key[:min(12, len(e.Key))], e.Format, size(e.Size), used, printable(either(e.Name, "-")))
	}
	return t.Flush()
}

// listed is an image of the list as JSON.
type listed struct {
	Key      string       `json:"key"`
	Name     string       `json:"name"`
	Format   image.Format `json:"format"`
	Digest   string       `json:"digest"`
	Root     string       `json:"root"`
	Size     int64        `json:"size"`
	Created  time.Time    `json:"created"`
	LastUsed time.Time    `json:"last_used"`
	InUse    bool         `json:"in_use"`
}

func writeImagesJSON(w io.Writer, entries []image.Entry) error {
	list := []listed{}
	for _, e := range entries {
		list = append(list, listed{e.Key, e.Name, e.Format, e.Digest, e.Dir, e.Size, e.Created, e.LastUsed, e.InUse})
	}
	return json.NewEncoder(w).Encode(list)
}

// imagePrune are the flags of catbox image prune.
type imagePrune struct {
	imageOptions
	dry       bool
	olderThan time.Duration
	keep      int
}

func newImagePrune() *cobra.Command {
	var o imagePrune
	cmd := &cobra.Command{
		Use:   "prune [flags] [IMAGE...]",
		Short: "remove images from the cache",
		Long: `Remove root filesystems from the cache, and what killed processes left there. With
IMAGE, only those: the beginning of a key or a digest as 'catbox image list' has them, or a
name. What is in use stays.`,
		Example: `  catbox image prune --older-than 720h
  catbox image prune --dry-run
  catbox image prune 3f9a`,
		RunE: func(cmd *cobra.Command, args []string) error { return o.do(cmd.OutOrStdout(), args) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&o.dry, "dry-run", false, "say what would be removed")
	f.DurationVar(&o.olderThan, "older-than", 0, "only what was not used for that `TIME`, such as 720h")
	f.IntVar(&o.keep, "keep", 0, "leave the `N` that were used last")
	o.addCacheFlag(f)
	return cmd
}

func (o *imagePrune) do(w io.Writer, names []string) error {
	if o.olderThan < 0 || o.keep < 0 {
		return usage("--older-than and --keep: want no negative value")
	}
	cache, err := o.where()
	if err != nil {
		return err
	}
	entries, err := cache.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := known(name, entries); err != nil {
			return err
		}
	}
	gone, err := cache.Prune(image.PruneOptions{OlderThan: o.olderThan, Keep: o.keep, DryRun: o.dry, Only: func(e image.Entry) bool {
		return len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return isCalled(e, n) })
	}})
	return o.tell(w, gone, err)
}

// tell says what was removed, also if not all could be.
func (o *imagePrune) tell(w io.Writer, gone []image.Entry, err error) error {
	var sum int64
	for _, e := range gone {
		sum += e.Size
		fmt.Fprintf(w, "%s %s\n", e.Key[:min(12, len(e.Key))], printable(either(e.Name, "-")))
	}
	verb := "removed"
	if o.dry {
		verb = "would remove"
	}
	say("%s %s, %s", verb, count(len(gone), "image"), size(sum))
	return err
}

// known tells whether there is such an image, and that it can be removed.
func known(name string, entries []image.Entry) error {
	i := slices.IndexFunc(entries, func(e image.Entry) bool { return isCalled(e, name) })
	if i < 0 {
		return fmt.Errorf("there is no image %s in the cache: see 'catbox image list'", record.Quote(name))
	}
	if entries[i].InUse {
		return fmt.Errorf("image %s is in use: try again when its runs have ended", record.Quote(name))
	}
	return nil
}

// isCalled tells whether a name of the command line means the entry.
func isCalled(e image.Entry, name string) bool {
	return name != "" && (e.Name == name || strings.HasPrefix(e.Key, name) || strings.HasPrefix(e.Digest, name) || strings.HasPrefix(afterColon(e.Digest), name))
}

func afterColon(digest string) string {
	_, rest, found := strings.Cut(digest, ":")
	if !found {
		_, rest, _ = strings.Cut(digest, "-") // sha512-... of App Container images
	}
	return rest
}
