package executor

// executors are all there are, the one to be preferred first.
var executors = []Executor{&Native{}, &Bubblewrap{}, newUserChroot(), &Landlock{}, &Chroot{}}
