package fakeroot

// Rekey has each entry moved to the inode, and given the path, that move sets in
// it: a file system can show the same files with other numbers than before. What is
// noted is written before what it replaces is taken away.
func (s *State) Rekey(move func(*Entry)) error {
	kept := map[ID]bool{}
	var old []ID
	for _, e := range s.Entries() {
		was := e
		move(&e)
		if e.ID != was.ID {
			old = append(old, was.ID)
		}
		kept[e.ID] = true
		if e.ID == was.ID && e.Path == was.Path {
			continue
		}
		if err := s.Put(e); err != nil {
			return err
		}
	}
	for _, id := range old {
		if kept[id] {
			continue
		}
		if err := s.Delete(id); err != nil {
			return err
		}
	}
	return nil
}
