package compiledb

import (
	"path"
	"slices"
	"strings"
)

// compilers are their names, without what gcc-12 and x86_64-linux-gnu-g++ have
// before and after.
var compilers = []string{"cc", "c++", "gcc", "g++", "clang", "clang++", "icx", "icpx", "tcc"}

func isCompiler(name string) bool {
	name = path.Base(name)
	if dash := strings.LastIndexByte(name, '-'); dash >= 0 && strings.Trim(name[dash+1:], "0123456789.") == "" {
		name = name[:dash]
	}
	return slices.Contains(compilers, name[strings.LastIndexByte(name, '-')+1:])
}

// wrappers run the compiler that their arguments name, after options of their own.
var wrappers = []string{"ccache", "sccache", "distcc", "icecc", "libtool", "env", "nice", "time", "colorgcc", "gomacc", "buildcache"}

// shells run a script that may be a wrapper: sh ./libtool --mode=compile gcc ...
var shells = []string{"sh", "bash", "dash", "ksh", "zsh"}

// unwrap removes wrappers from the beginning, and tells whether there were any.
func unwrap(args []string) ([]string, bool) {
	wrapped := false
	for len(args) > 1 {
		name := path.Base(args[0])
		switch {
		case slices.Contains(wrappers, name):
			args = args[1:]
			for len(args) > 0 && (strings.HasPrefix(args[0], "-") || strings.Contains(args[0], "=")) {
				args = args[1:]
			}
		case slices.Contains(shells, name) && slices.Contains(wrappers, path.Base(args[1])):
			args = args[1:]
		default:
			return args, wrapped
		}
		wrapped = true
	}
	return args, wrapped
}

// sourceNames are the ends of names of source files (GCC's manual, "Overall Options").
var sourceNames = strings.Fields(".c .i .C .cc .cp .cxx .cpp .CPP .c++ .cppm .ii .m .mi .M .mm .mii .s .S .sx")

// operands are the options whose argument is another word, and so no source.
var operands = strings.Fields("-o -x -I -L -D -U -l -include -imacros -isystem -iquote -idirafter -isysroot -iprefix -iwithprefix " +
	"-MF -MT -MQ -Xlinker -Xpreprocessor -Xassembler -Xclang -Xarch_host -T -u -z -aux-info -arch -target --param --sysroot -dumpdir -dumpbase -B -e -wrapper")

// command is what a compiler was told.
type command struct {
	sources []string
	output  string
	object  bool // -c
	partly  bool // it stops before an object
	none    bool // it compiles nothing
}

func parse(args []string) command {
	var c command
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "-o" && i+1 < len(args):
			c.output = args[i+1]
			i++
		case slices.Contains(operands, a):
			i++
		case strings.HasPrefix(a, "-o") && len(a) > 2:
			c.output = a[2:]
		case a == "-c":
			c.object = true
		case a == "-E", a == "-M", a == "-MM", a == "-S", a == "-fsyntax-only":
			c.partly = true
		case a == "--version", a == "-v" && len(args) == 1, a == "-###", strings.HasPrefix(a, "-print-"):
			c.none = true
		case strings.HasPrefix(a, "-"), strings.HasPrefix(a, "@"):
		case slices.Contains(sourceNames, path.Ext(a)):
			c.sources = append(c.sources, a)
		}
	}
	return c
}
