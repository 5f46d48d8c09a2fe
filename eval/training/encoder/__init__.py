"""The pretrained encoder and the judge: cut, trained further, and written for shipping."""
