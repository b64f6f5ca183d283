// Command noinit runs a command and forgets to call catbox.Init.
package main

import (
	"fmt"

	"github.com/catbox-go/catbox"
)

func main() {
	fmt.Println(catbox.Command("echo", "ran").Run())
}
